// The turns of the conversation: how one begins, grows, ends, is changed, and is shown again later.

import { ask, whyNot } from "./asking.js";
import { backToTalk, button, calm, find, make, page, question, say, tell } from "./elements.js";
import { helpful } from "./helpful.js";
import { branch, keep } from "./kept.js";
import { languageOf, textOf } from "./own.js";
import { closePane, openAbout, openSources } from "./pane.js";
import { explained, previewed } from "./preview.js";
import { badgeOf, copyOut, showUnder, sourceName, troubleOf, writerOf } from "./under.js";
import { words } from "./words.js";

const LONGEST_WORD = 20; // letters at most that are kept on one line with the marker behind them

const seen = new Set(); // names of answers that have come; one that is over may still be heard of

/** Begin to answer, in a new turn or anew in one that is there. */
export function begin(text, turn = null) {
  const had = document.activeElement;
  tell("");
  closePane(false);
  backToTalk();
  const began = turn ?? { element: make("article", { class: "turn" }) };
  if (!turn) {
    page.turns.push(began);
    place(began);
  }
  Object.assign(began, { question: text, id: null, reply: null, trouble: "", words: "", asked: new Date().toISOString(), spoken: "", imported: false, fresh: true, place: "", apart: page.talk.apart });
  layOut(began);
  const room = make("span", { class: "room", "aria-hidden": "true" }, make("span", {}, words("badge_answered")), make("span", {}, words("badge_answered_means")));
  began.stage = make("p", { class: "stage" }, room, make("span", { class: "dots", "aria-hidden": "true" }), make("span", {}, words("sending")));
  began.prose.before(began.stage);
  find("#spoken").replaceChildren();
  page.current = began;
  document.body.classList.add("answering");
  keep();
  if (!had?.getClientRects().length || had === document.body) find(".asked", began.element).focus({ preventScroll: true }); // what had it is gone
  began.element.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
}

function place(turn) {
  find("#welcome").hidden = true;
  find("#turns").append(turn.element);
}

function layOut(turn) {
  for (const other of page.turns) if (other !== turn) find(".retry", other.element)?.remove(); // the last one alone can be asked again
  turn.prose = make("div", { class: "words", lang: "en" });
  turn.after = make("div", { class: "after" });
  turn.element.setAttribute("aria-label", words("question_number", { n: page.turns.indexOf(turn) + 1 }));
  turn.element.replaceChildren(make("h2", { class: "asked", tabindex: "-1" }, turn.question), turn.prose, turn.after);
}

/** Take in what the server says of the turn that is being answered. */
export function take(step) {
  const turn = page.current;
  if (!turn || (turn.id === null ? seen.has(step.turn) : turn.id !== step.turn)) return;
  turn.id = step.turn;
  seen.add(step.turn);
  turn.heard = performance.now();
  if (!step.reply) {
    turn.words = step.paragraphs.map((sentences) => sentences.map(textOf).join(" ")).join("\n\n");
    showProse(turn, step.paragraphs, false);
  }
  if (step.state === "working") {
    const stage = turn.stage.lastChild;
    const { says, text, ...values } = step.stage;
    const told = says ? words(says, values) : text;
    if (stage.textContent !== told) {
      stage.textContent = told;
      say(told);
    }
    return;
  }
  turn.reply = step.reply;
  if (step.reply) showReply(turn);
  end(turn, step.trouble, step.again);
}

export function end(turn, trouble = "", again = true) {
  page.current = null;
  document.body.classList.remove("answering");
  turn.stage.remove();
  turn.trouble = trouble;
  if (turn.reply) turn.words = "";
  for (const each of turn.prose.querySelectorAll(".waiting")) each.remove(); // numbers to which no source came
  turn.again = again;
  close(turn);
  say(troubleOf(turn) || words("complete", { n: turn.reply?.citations.length ?? 0 }));
  keep();
}

/** Show a turn of a conversation that was kept or imported, as it was. */
export function showAgain(kept) {
  const unfinished = !kept.reply && !kept.trouble;
  const turn = { ...kept, element: make("article", { class: "turn" }), spoken: null, trouble: unfinished ? "trouble_cut_short" : kept.trouble, again: true };
  page.turns.push(turn);
  place(turn);
  draw(turn);
}

function draw(turn) {
  layOut(turn);
  if (turn.reply) showReply(turn);
  else if (turn.words) turn.prose.append(...turn.words.split("\n\n").map((paragraph) => make("p", {}, paragraph)));
  close(turn);
}

/** Show every turn anew, in the language that is spoken now. */
export function drawAll() {
  const writing = ".edit-form, .complaint:not([hidden])"; // what somebody is writing is not taken away from them
  for (const turn of page.turns) {
    if (turn === page.current || find(writing, turn.element)) continue;
    turn.spoken = null; // it was read out already
    draw(turn);
  }
}

/** Put what can be done with a turn below it. Whoever may be in danger is asked and offered nothing about the program. */
function close(turn) {
  const calmly = turn.reply && turn.reply.status !== "urgent";
  if (turn.trouble) turn.after.append(make("p", { class: "trouble" }, troubleOf(turn)));
  if (turn.words) turn.after.append(make("p", { class: "meta" }, words("unsourced")));
  const copy = button(words("copy"), () => copyOut(turn, copy), { class: "quiet small copy" });
  turn.after.append(
    make(
      "p",
      { class: "actions" },
      turn.prose.textContent ? copy : null,
      turn.again ? button(words("ask_again"), () => ask(turn.question, turn), { class: "quiet small retry" }) : null,
      button(words("edit"), () => edit(turn), { class: "quiet small edit" }),
      calmly ? make("span", { class: "writer" }, writerOf(turn.reply.writer), " · ", button(page.facts.model || turn.reply.writer.model ? words("how_this_works") : words("turn_model_on"), (event) => openAbout(event.currentTarget))) : null,
    ),
  );
  const isPrivate = page.talk.apart || page.turns.some((each) => each.apart); // a vote keeps the turns before, too
  if (page.facts.feedback && calmly && turn.fresh && !isPrivate) turn.after.append(helpful(turn));
}

/** Let a question be changed where it stands; the conversation goes on from there. */
function edit(turn) {
  if (page.current) {
    tell(words("busy"));
    return;
  }
  if (find(".edit-form", turn.element)) return;
  const heading = find(".asked", turn.element);
  const below = page.turns.length - page.turns.indexOf(turn) - 1;
  const takes = below ? words(page.talk.stored ? "edit_keeps" : "edit_takes", { n: below }) : "";
  const box = make("textarea", { rows: "3" });
  box.value = turn.question;
  const back = () => {
    form.remove();
    heading.classList.remove("unseen");
    find(".edit", turn.element)?.focus();
  };
  const form = make(
    "form",
    { class: "edit-form" },
    make("label", {}, words("edit_label"), box),
    takes ? make("p", { class: "meta" }, takes) : null,
    make("p", { class: "edit-buttons" }, make("button", { type: "submit", class: "strong" }, words("ask_instead")), button(words("cancel"), back, { class: "quiet" })),
  );
  const send = () => {
    const trouble = whyNot(box.value); // before anything below goes
    if (trouble) {
      tell(trouble);
      return;
    }
    if (below) {
      if (page.talk.stored) branch();
      for (const later of page.turns.splice(page.turns.indexOf(turn) + 1)) later.element.remove();
    }
    ask(box.value, turn);
    question().focus({ preventScroll: true });
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      back();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === box) {
      event.preventDefault();
      send();
    }
  });
  heading.classList.add("unseen"); // what follows stands below it all the same
  heading.after(form);
  box.focus();
}

/** Put the words there: new sentences are added to those that stand, so that nothing moves or is read out twice. */
function showProse(turn, paragraphs, whole) {
  const { prose } = turn;
  const before = prose.textContent;
  const left = whole ? [...turn.reply.terms] : []; // terms that have not come yet: each can be looked up once
  if (whole) prose.replaceChildren();
  paragraphs.forEach((sentences, row) => {
    const paragraph = prose.children[row] ?? prose.appendChild(make("p"));
    sentences.forEach((sentence, column) => {
      const key = JSON.stringify(sentence);
      const there = paragraph.children[column];
      if (there?.dataset.key === key) return;
      const markers = sentence.citations.map((number) => (whole ? marker(turn, number) : make("span", { class: "cite waiting" }, String(number))));
      const isNew = turn.spoken !== null && !there && !before.includes(textOf(sentence));
      const terms = whole && sentence.citations.length ? termsIn(sentence.text, left) : [];
      const shown = make("span", { class: isNew ? "sentence new" : "sentence", lang: languageOf(sentence), "data-key": whole ? null : key }, ...withMarkers(textOf(sentence), markers, terms));
      shown.append(" ");
      if (there) there.replaceWith(shown);
      else paragraph.append(shown);
    });
    while (paragraph.children.length > sentences.length) paragraph.lastElementChild.remove(); // taken back: the answer begins anew
  });
  while (prose.children.length > paragraphs.length) prose.lastElementChild.remove();
  if (turn.spoken !== null) speak(turn, paragraphs.flat(), whole);
}

/** Where a text uses terms, in order: `[start, term]`. Those that it does are taken out of what is left. */
function termsIn(text, left) {
  const found = [];
  let from = 0;
  while (left.length) {
    const [first] = left;
    const word = RegExp.escape?.(first.word) ?? first.word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    const at = new RegExp(`(?<![\\p{L}\\p{N}_-])${word}(?![\\p{L}\\p{N}_-])`, "u").exec(text.slice(from));
    if (!at) break; // they come in the order of the answer
    found.push([from + at.index, left.shift()]);
    from += at.index + first.word.length;
  }
  return found;
}

/** A text with the markers behind it; the last word keeps the first one from beginning a line by itself. */
function withMarkers(text, [first, ...others], terms) {
  if (!first) return [text];
  const last = text.length - text.slice(-LONGEST_WORD).split(/\s/).at(-1).length;
  const cut = terms.find(([start, { word }]) => start < last && last < start + word.length)?.[0] ?? last;
  return [...withTerms(text, terms, 0, cut), make("span", { class: "held" }, ...withTerms(text, terms, cut, text.length), " ", first), ...others.flatMap((each) => [" ", each])];
}

/** A part of a text, with what can be looked up in it. */
function withTerms(text, terms, from, to) {
  const parts = [];
  let at = from;
  for (const [start, entry] of terms.filter(([each]) => from <= each && each < to)) {
    parts.push(text.slice(at, start), explained(entry.word, entry));
    at = start + entry.word.length;
  }
  return [...parts, text.slice(at, to)];
}

/** Add to what is read out the sentences that are whole and new; the last one may still be growing. */
function speak(turn, sentences, whole) {
  const come = sentences.slice(0, whole ? undefined : -1);
  const text = come.map(textOf).join(" ");
  if (!whole && text.length <= turn.spoken.length) return;
  let told = "";
  for (const each of come) {
    const before = told ? `${told} ` : "";
    told = before + textOf(each);
    if (turn.spoken.startsWith(told)) continue;
    const rest = told.slice(told.startsWith(turn.spoken) ? Math.max(before.length, turn.spoken.length) : before.length).trim();
    if (rest) find("#spoken").append(make("p", { lang: languageOf(each) }, rest));
  }
  turn.spoken = text;
}

function marker(turn, number) {
  const citation = turn.reply?.citations.find((each) => each.number === number);
  const pressed = make(
    "button",
    {
      type: "button",
      class: "cite",
      "aria-label": sourceName(number, citation?.title),
      "aria-controls": "pane",
      "aria-expanded": "false",
      onclick: (event) => openSources(turn, number, event.currentTarget),
    },
    String(number),
  );
  return previewed(pressed, citation);
}

function showReply(turn) {
  const { reply } = turn;
  showProse(turn, reply.paragraphs, true);
  for (const position of reply.asides) turn.prose.children[position]?.classList.add("aside");
  const badge = badgeOf(turn);
  if (badge.label) {
    turn.prose.before(make("p", { class: "badges" }, make("span", { class: `badge ${badge.look}` }, badge.label), make("span", { class: "meaning" }, badge.meaning)));
  }
  showUnder(turn);
}

/** Take every turn off the page. */
export function clearTurns() {
  page.turns.length = 0;
  closePane(false);
  for (const place of ["#turns", "#spoken", "#pane-body"]) find(place).replaceChildren();
  find("#welcome").hidden = false;
}
