// What the advisor understood of the person: shown, corrected, forgotten. It counts in this conversation alone.

import { ask } from "./asking.js";
import { button, find, make, page, say } from "./elements.js";
import { keep } from "./kept.js";
import { openPane } from "./pane.js";
import { WORDS } from "./words.js";

const labelOf = (key) => page.facts.situations.find(([each]) => each === key)?.[1] ?? page.turns.flatMap((turn) => turn.reply?.understood ?? []).find((each) => each.key === key)?.label;

/** Keys of what counts: understood or added, and not taken back. */
function counting() {
  const understood = page.turns.flatMap((turn) => turn.reply?.understood ?? []).map((each) => each.key);
  return [...new Set([...understood, ...page.talk.about])].filter((key) => !page.talk.ignore.has(key) && labelOf(key));
}

/** The line under an answer that says what was understood, and that it can be changed. */
export function understoodLine(understood) {
  return make(
    "p",
    { class: "understood" },
    WORDS.tookYou(understood.map((each) => each.label)),
    " ",
    button(WORDS.notSo, (event) => openUnderstood(event.currentTarget), { "aria-controls": "pane", "aria-expanded": "false" }),
  );
}

export function openUnderstood(from) {
  openPane(WORDS.understood, from, make("div", { id: "about-you" }));
  draw();
  find("#pane").focus({ preventScroll: true });
}

function draw() {
  const keys = counting();
  const ignored = [...page.talk.ignore].filter(labelOf);
  const last = page.turns.at(-1);
  find("#about-you").replaceChildren(
    make("p", {}, keys.length ? WORDS.somebodyWho : WORDS.nothingUnderstood),
    ...(keys.length ? [make("ul", { class: "items" }, ...keys.map(item))] : []),
    adding(keys),
    ...(ignored.length ? [make("h3", {}, WORDS.notUsed), make("ul", { class: "items" }, ...ignored.map(ignoredItem))] : []),
    make("p", { class: "meta" }, WORDS.understoodLimits),
    make(
      "p",
      { class: "pane-buttons" },
      last && !page.current ? button(WORDS.askLastAgain, () => ask(last.question, last), { class: "strong" }) : null,
      keys.length ? button(WORDS.forgetAll, forgetAll, { class: "quiet forget-all" }) : null,
    ),
  );
}

function item(key) {
  const label = labelOf(key);
  return make(
    "li",
    {},
    make("span", { class: "item-name" }, label),
    make("span", { class: "item-buttons" }, choice(WORDS.correct, WORDS.correctOf(label), [key, ...counting()], (other) => change({ take: key, put: other })), button(WORDS.remove, () => change({ take: key }), { "aria-label": WORDS.removeOf(label) })),
  );
}

function ignoredItem(key) {
  const label = labelOf(key);
  return make("li", {}, make("span", { class: "item-name struck" }, label), make("span", { class: "item-buttons" }, button(WORDS.useAgain, () => change({ put: key }), { "aria-label": WORDS.useAgainOf(label) })));
}

const adding = (keys) => make("p", { class: "adding" }, choice(WORDS.add, WORDS.add, keys, (key) => change({ put: key })));

/** A list to choose another situation from. */
function choice(label, name, without, chosen) {
  const options = page.facts.situations.filter(([key]) => !without.includes(key)).map(([key, words]) => make("option", { value: key }, words));
  return make("select", { "aria-label": name, onchange: (event) => event.target.value && chosen(event.target.value) }, make("option", { value: "" }, label), ...options);
}

function change({ take = null, put = null }) {
  const { ignore, about } = page.talk;
  if (take) {
    about.delete(take);
    ignore.add(take);
  }
  if (put) {
    ignore.delete(put);
    about.add(put);
  }
  changed(put ? WORDS.added(labelOf(put)) : WORDS.removed(labelOf(take)));
}

function forgetAll() {
  for (const key of counting()) page.talk.ignore.add(key);
  page.talk.about.clear();
  changed(WORDS.forgotten);
}

function changed(sentence) {
  keep();
  draw();
  say(sentence);
  find("#pane").focus({ preventScroll: true });
}
