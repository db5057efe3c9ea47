// What this browser keeps, where the person wants it: conversations, each under a key of its own in localStorage.
//
// Two tabs can be open at once. Whoever writes looks first whether the conversation is still as this tab left it: if
// another tab wrote it meanwhile, this one goes on as a copy; if another tab deleted it, it is not written again.

import { page, tell } from "./elements.js";
import { plain, readKept } from "./carried.js";
import { words } from "./words.js";

const SWITCH = "advisor-keep";
const TALK = "advisor-talk-";
const OPEN = "advisor-open"; // in sessionStorage: which conversation this tab has open
const OVER = "advisor-over"; // in sessionStorage, and only while the page is loaded anew because the server was away
const TITLE = 80;

let refused = false; // whether the browser has said that nothing can be kept

/** Do something with the browser's storage; undefined where it does not let a page keep anything. */
function stored(work) {
  try {
    return work();
  } catch (trouble) {
    if (!(trouble instanceof DOMException)) throw trouble;
    return undefined;
  }
}

export const newTalk = () => ({ id: crypto.randomUUID?.() ?? String(Math.random()).slice(2), title: "", rev: "", stored: false, apart: false, ignore: new Set(), about: new Set(), quotesOnly: false, plainWords: false });

export const keeps = () => stored(() => localStorage.getItem(SWITCH)) === "yes" && !refused;

/** Begin to keep, or stop; say whether the browser allows it. */
export function setKeeping(on) {
  refused = false;
  const done = stored(() => {
    if (on) localStorage.setItem(SWITCH, "yes");
    else localStorage.removeItem(SWITCH);
    return true;
  });
  if (!done && on) return false;
  if (on) {
    keep();
  } else {
    page.talk.stored = false; // what still comes is not kept
    remember(null);
  }
  return true;
}

/** The conversations that are kept, the one that changed last first. */
export function list() {
  const keys = stored(() => Object.keys(localStorage)) ?? [];
  const talks = keys.filter((key) => key.startsWith(TALK)).map((key) => head(key.slice(TALK.length)));
  return talks.filter(Boolean).sort((one, other) => other.changed.localeCompare(one.changed));
}

function raw(id) {
  const content = stored(() => localStorage.getItem(TALK + id));
  if (!content) return null;
  try {
    const value = JSON.parse(content);
    return value && typeof value === "object" && Array.isArray(value.turns) ? value : null;
  } catch {
    return null; // somebody else wrote there
  }
}

function head(id) {
  const value = raw(id);
  return value && { id, title: String(value.title).slice(0, TITLE), changed: String(value.changed), questions: value.turns.length };
}

/** Return a conversation and its turns; null where there is none that makes sense. */
export const open = (id) => opened(raw(id), { id, stored: true });

function opened(value, more) {
  const turns = value && readKept(value.turns);
  if (!turns) return null;
  const keys = (given) => new Set(Array.isArray(given) ? given.filter((key) => /^[a-z-]{1,40}$/.test(key)) : []);
  return { talk: { ...newTalk(), title: String(value.title).slice(0, TITLE), rev: value.rev, ignore: keys(value.ignore), about: keys(value.about), quotesOnly: value.quotesOnly === true, plainWords: value.plainWords === true, ...more }, turns };
}

const asKept = ({ title, rev, ignore, about, quotesOnly, plainWords }) => ({ title, rev, ignore: [...ignore], about: [...about], quotesOnly, plainWords, turns: page.turns.map(plain) });

/** Hand what is on the page over to itself, because it has to be loaded anew; say whether that can be done. */
export function handOver(asking, draft) {
  const { id, stored: isStored, apart } = page.talk;
  return stored(() => {
    sessionStorage.setItem(OVER, JSON.stringify({ ...asKept(page.talk), id, stored: isStored, apart, asking, draft }));
    return true;
  });
}

/** Leave nothing of what was handed over. */
export const dropOver = () => stored(() => sessionStorage.removeItem(OVER));

/** Take over what the page handed to itself, and leave nothing of it; null where it did not. */
export function takeOver() {
  const content = stored(() => sessionStorage.getItem(OVER));
  if (!content) return null;
  dropOver();
  const value = JSON.parse(content);
  const over = opened(value, { id: value.id, stored: value.stored, apart: value.apart });
  return over && { ...over, asking: value.asking, draft: value.draft };
}

/** A title of a question: where it is long, whole words of it. */
const cut = (text) => (text.length > TITLE ? `${text.slice(0, TITLE - 1).replace(/\s+\S*$/, "")}…` : text);

/** Keep the conversation that is open, if the person wants that, as it stands now. */
export function keep() {
  const { talk, turns } = page;
  if (!turns.length || talk.apart || !keeps()) return;
  const there = raw(talk.id);
  if (talk.stored && !there) {
    letGo();
    return;
  }
  if (there && there.rev !== talk.rev) {
    branch();
    tell(words("forked"));
  } else if (there) {
    talk.title = there.title; // it may have been given a name in another tab
  }
  talk.title ||= cut(turns[0].question.replace(/\s+/g, " ").trim()) || words("untitled");
  const rev = newTalk().id;
  const value = { ...asKept(talk), rev, changed: new Date().toISOString() };
  const written = stored(() => {
    localStorage.setItem(TALK + talk.id, JSON.stringify(value));
    return true;
  });
  if (!written) {
    tell(words("full")); // what was kept before stands as it was
    return;
  }
  Object.assign(talk, { rev, stored: true });
  remember(talk.id);
}

const copyOf = (title) => `${title.replace(/ \(\d+\)$/, "")} (${Number(title.match(/ \((\d+)\)$/)?.[1] ?? 1) + 1})`;

/** Go on as another conversation: what is kept stays as it is. */
export function branch() {
  const { talk } = page;
  Object.assign(talk, { id: newTalk().id, title: talk.title && copyOf(talk.title), rev: "", stored: false });
}

/** What another tab did to the conversation that is open here. */
export function elsewhere(event) {
  if (event.key === TALK + page.talk.id && event.newValue === null && page.talk.stored) letGo();
}

function letGo() {
  Object.assign(page.talk, { apart: true, stored: false });
  remember(null);
  tell(words("gone_elsewhere"));
}

/** Keep this conversation no longer, and nothing of it. */
export function setApart(on) {
  const { talk } = page;
  talk.apart = on;
  if (on && talk.stored) remove(talk.id);
  else if (!on) keep();
}

/** Give a conversation another name; say whether the browser has room for it. */
export function rename(id, title) {
  const value = raw(id);
  if (!value) return true; // another tab deleted it, and the list says so
  value.title = title.trim().slice(0, TITLE) || words("untitled");
  const written = stored(() => {
    localStorage.setItem(TALK + id, JSON.stringify(value));
    return true;
  });
  if (written && page.talk.id === id) page.talk.title = value.title;
  return Boolean(written);
}

export function remove(id) {
  stored(() => localStorage.removeItem(TALK + id));
  if (page.talk.id !== id) return;
  Object.assign(page.talk, { stored: false, rev: "" });
  remember(null);
}

export function removeAll() {
  for (const each of list()) remove(each.id);
}

/** Remember in this tab which conversation is open, so that it is there when the page is loaded anew. */
export function remember(id) {
  stored(() => (id ? sessionStorage.setItem(OPEN, id) : sessionStorage.removeItem(OPEN)));
}

/** The conversation that this tab had open; null where none was, or none is kept. */
export function openBefore() {
  const id = keeps() && stored(() => sessionStorage.getItem(OPEN));
  return id ? open(id) : null;
}
