// The pane with the conversations: whether they are kept, the list, taking one along, and reading one in.

import { alive, forgetThere } from "./asking.js";
import { BYTES, asJson, asMarkdown, download, fileName, isGuided, readFile } from "./carried.js";
import { backToTalk, button, calm, find, loadAnew, make, page, question, say, tell, write } from "./elements.js";
import { keep, keeps, list, newTalk, open, remember, remove, removeAll, rename, setApart, setKeeping } from "./kept.js";
import { closePane, openPane, redrawnBy } from "./pane.js";
import { clearTurns, drawAll, end, showAgain } from "./turns.js";
import { openUnderstood } from "./understood.js";
import { showWishes, wishes } from "./wishes.js";
import { dated, words } from "./words.js";

export function openTalks(from) {
  openPane(words("conversations"), from, make("div", { id: "talks" }));
  redrawnBy(openTalks);
  draw();
  find("#pane").focus({ preventScroll: true });
}

export function draw() {
  const place = find("#talks");
  if (!place) return;
  const talks = list();
  place.replaceChildren(
    ...[
      checkbox("keep-switch", words("keep_switch"), keeps(), (on) => {
        if (!setKeeping(on)) tell(words("forbidden"));
      }),
      make("p", { class: "meta" }, keeps() ? words("keep_on") : talks.length ? words("keep_left") : words("keep_off")),
      keeps() || notes() ? checkbox("apart-switch", words("apart_switch"), page.talk.apart, makePrivate) : null,
      notes() ? make("p", { class: "meta" }, words("private_unnoted")) : null,
      ...(keeps() || talks.length ? kept(talks) : []),
      make("h3", {}, words("take_along")),
      make("p", { class: "meta" }, page.turns.length ? words("take_along_lead") : words("nothing_to_export")),
      make("p", { class: "pane-buttons" }, ...(page.turns.length ? ways() : []), importing()),
      button(words("understood"), (event) => openUnderstood(event.currentTarget)),
    ].filter(Boolean),
  );
}

/** Whether the server keeps something of what is asked here, or of what is said of an answer. */
const notes = () => Boolean(page.facts.kept || page.facts.feedback);

function makePrivate(on) {
  setApart(on);
  drawAll(); // of a private conversation nobody is asked whether an answer helped
}

function checkbox(id, label, checked, changed) {
  const box = make("input", { type: "checkbox", id, checked });
  box.addEventListener("change", () => {
    changed(box.checked);
    draw();
    find(`#${id}`)?.focus();
  });
  return make("label", { class: "switch", for: id }, box, make("span", {}, label));
}

// ---------------------------------------------------------------- the list

function kept(talks) {
  return [
    make("h3", {}, words("in_list", { n: talks.length })),
    talks.length ? make("ul", { class: "items talks" }, ...talks.map(row)) : page.talk.apart ? null : make("p", { class: "meta" }, words("none_kept")), // which says that the next answer is kept
    ...(talks.length > 1 ? [sure(words("delete_all"), words("delete_all"), () => gone(talks.map((each) => each.id), words("deleted_all")))] : []),
  ];
}

function row(talk) {
  const isOpen = talk.id === page.talk.id;
  const meta = [dated(talk.changed.slice(0, 10)), words("questions", { n: talk.questions }), isOpen ? words("is_open") : ""].filter(Boolean).join(" · ");
  const item = make(
    "li",
    {},
    make("button", { type: "button", class: "talk-open", "aria-label": words("open_talk", { title: talk.title }), "aria-current": isOpen ? "true" : null, onclick: () => leaving(() => show(open(talk.id))) }, make("strong", {}, talk.title), make("span", { class: "meta" }, meta)),
    make("span", { class: "item-buttons" }, button(words("rename"), () => renaming(item, talk), { "aria-label": words("rename_talk", { title: talk.title }) }), sure(words("delete"), words("delete_talk", { title: talk.title }), () => gone([talk.id], words("deleted_one", { title: talk.title })))),
  );
  return item;
}

/** A button that asks once more before it does something for good. */
function sure(label, name, act) {
  let asked = false;
  const pressed = button(
    label,
    () => {
      if (asked) act();
      asked = true;
      pressed.textContent = words("delete_sure");
      pressed.setAttribute("aria-label", `${name}: ${words("delete_sure")}`);
      pressed.classList.add("danger");
    },
    { class: "quiet small delete", "aria-label": name },
  );
  return pressed;
}

function renaming(item, talk) {
  const box = make("input", { type: "text", value: talk.title, maxlength: 80, "aria-label": words("new_name") });
  const form = make("form", { class: "rename-form" }, box, make("button", { type: "submit", class: "strong" }, words("save")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!rename(talk.id, box.value)) tell(words("name_full"));
    draw();
    find("#pane").focus({ preventScroll: true });
  });
  item.replaceChildren(form);
  box.focus();
  box.select();
}

function gone(ids, sentence) {
  const isOpen = ids.includes(page.talk.id);
  if (isOpen) page.talk.apart = true; // whatever still comes is not kept either
  if (ids.length > 1) removeAll();
  else remove(ids[0]);
  const told = isOpen ? begin() : true; // the one closes the pane, and of the others the server holds nothing
  openTalks(find("#talks-button"));
  sayOnce(told, sentence);
}

// ---------------------------------------------------------------- another conversation

/** Begin a conversation with nothing in it; return what becomes of the one before on the server. */
function begin() {
  const turn = page.current;
  const told = forgetThere();
  if (turn) end(turn, "trouble_stopped");
  clearTurns();
  page.talk = { ...newTalk(), ...wishes() };
  remember(null);
  return told;
}

/** What “New conversation” does. */
export function beginAnew() {
  const { stored } = page.talk;
  const told = begin();
  write("");
  tell("");
  window.scrollTo({ top: 0 });
  question().focus();
  sayOnce(told, stored ? words("new_one") : words("deleted"));
}

/** Say that a conversation is over once the server has forgotten it; else begin a page that it does not know. */
async function sayOnce(told, sentence) {
  if (await told) say(sentence);
  else if (await alive()) loadAnew();
  else tell(words("not_forgotten"));
}

/** Show a conversation that was kept or read in. */
export function show(opened, { quietly = false } = {}) {
  if (!opened) {
    if (!quietly) tell(words("unreadable"));
    return;
  }
  backToTalk();
  if (page.turns.length) begin();
  page.talk = opened.talk;
  showWishes();
  for (const turn of opened.turns) showAgain(turn);
  if (opened.talk.stored) remember(opened.talk.id);
  tell("");
  page.turns.at(-1)?.element.scrollIntoView({ block: "start", behavior: calm.matches || quietly ? "auto" : "smooth" });
  if (!quietly) question().focus({ preventScroll: true });
}

/** Go on to another conversation, and ask first where this one would be lost. */
function leaving(go) {
  if (page.current) {
    tell(words("busy"));
    return;
  }
  if (!page.turns.length || page.talk.stored) {
    go();
    return;
  }
  const yes = button(words("go_on"), go, { class: "strong" });
  openPane(words("leave_title"), find("#talks-button"), make("p", {}, words("leave_lead")), make("p", { class: "pane-buttons" }, yes, button(words("cancel"), () => closePane(), { class: "quiet" })));
  yes.focus();
}

// ---------------------------------------------------------------- taking along, reading in

const title = () => page.talk.title || page.turns[0].question.replace(/\s+/g, " ").slice(0, 80);

function ways() {
  return [
    button(words("as_markdown"), () => download(fileName(title(), "md"), "text/markdown", asMarkdown(title(), page.turns)), { class: "quiet boxed" }),
    button(words("as_json"), () => download(fileName(title(), "json"), "application/json", asJson(title(), page.turns)), { class: "quiet boxed" }),
    button(words("print"), () => window.print(), { class: "quiet boxed" }),
  ];
}

function importing() {
  const box = make("input", { type: "file", id: "import-file", accept: ".json,application/json", class: "unseen", tabindex: "-1", "aria-hidden": "true" });
  box.addEventListener("change", () => {
    const [file] = box.files;
    box.value = ""; // or the browser would not tell of the same file again, once it is mended
    if (file) readIn(file);
  });
  return make("span", {}, box, button(words("import_file"), () => box.click(), { class: "quiet boxed", id: "import-button" }));
}

/** Read a file in; whatever it is, nothing that is here changes unless it is a conversation. */
export async function readIn(file, otherwise = words("import_unread")) {
  if (file.size > BYTES) {
    tell(words("import_large"));
    return;
  }
  const content = await contentOf(file);
  const read = content !== null && readFile(content);
  if (!read && page.facts.guides && isGuided(content)) {
    document.dispatchEvent(new CustomEvent("guided-file", { detail: content }));
    return;
  }
  if (!read) {
    tell(otherwise);
    return;
  }
  leaving(() => {
    show({ talk: { ...newTalk(), title: read.title }, turns: read.turns });
    keep();
    draw(); // the pane may have stayed open: now there is something to take along
    tell(words("import_done", { n: read.turns.length }), "good");
  });
}

/** The text of a file; null of a folder, or of a file that is there no more. */
async function contentOf(file) {
  try {
    return await file.text();
  } catch (trouble) {
    if (!(trouble instanceof DOMException)) throw trouble;
    return null;
  }
}
