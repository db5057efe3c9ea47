// What the advisor understood of the person: shown, corrected, forgotten. It counts in this conversation alone.

import { ask } from "./asking.js";
import { button, find, make, page, say } from "./elements.js";
import { keep } from "./kept.js";
import { openPane, redrawnBy } from "./pane.js";
import { has, listed, words } from "./words.js";

const told = (key, label) => (has(`situation_${key}`) ? words(`situation_${key}`) : label);
const labelOf = (key) => told(key, given(key));
const given = (key) => page.facts.situations.find(([each]) => each === key)?.[1] ?? page.turns.flatMap((turn) => turn.reply?.understood ?? []).find((each) => each.key === key)?.label;

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
    words("took_you", { labels: listed(understood.map((each) => told(each.key, each.label))) }),
    " ",
    button(words("not_so"), (event) => openUnderstood(event.currentTarget), { "aria-controls": "pane", "aria-expanded": "false" }),
  );
}

export function openUnderstood(from) {
  openPane(words("understood"), from, make("div", { id: "about-you" }));
  redrawnBy(openUnderstood);
  draw();
  find("#pane").focus({ preventScroll: true });
}

function draw() {
  const keys = counting();
  const ignored = [...page.talk.ignore].filter(labelOf);
  const last = page.turns.at(-1);
  find("#about-you").replaceChildren(
    make("p", {}, keys.length ? words("somebody_who") : words("nothing_understood")),
    ...(keys.length ? [make("ul", { class: "items" }, ...keys.map(item))] : []),
    adding(keys),
    ...(ignored.length ? [make("h3", {}, words("not_used")), make("ul", { class: "items" }, ...ignored.map(ignoredItem))] : []),
    make("p", { class: "meta" }, words("understood_limits")),
    make(
      "p",
      { class: "pane-buttons" },
      last && !page.current ? button(words("ask_last_again"), () => ask(last.question, last), { class: "strong" }) : null,
      keys.length ? button(words("forget_all"), forgetAll, { class: "quiet forget-all" }) : null,
    ),
  );
}

function item(key) {
  const label = labelOf(key);
  return make(
    "li",
    {},
    make("span", { class: "item-name" }, label),
    make("span", { class: "item-buttons" }, choice(words("correct"), words("correct_one", { label }), [key, ...counting()], (other) => change({ take: key, put: other })), button(words("remove"), () => change({ take: key }), { "aria-label": words("remove_one", { label }) })),
  );
}

function ignoredItem(key) {
  const label = labelOf(key);
  return make("li", {}, make("span", { class: "item-name struck" }, label), make("span", { class: "item-buttons" }, button(words("use_again"), () => change({ put: key }), { "aria-label": words("use_again_one", { label }) })));
}

const adding = (keys) => make("p", { class: "adding" }, choice(words("add"), words("add"), keys, (key) => change({ put: key })));

/** A list to choose another situation from. */
function choice(label, name, without, chosen) {
  const options = page.facts.situations.filter(([key]) => !without.includes(key)).map(([key]) => make("option", { value: key }, labelOf(key)));
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
  changed(put ? words("added_one", { label: labelOf(put) }) : words("removed_one", { label: labelOf(take) }));
}

function forgetAll() {
  for (const key of counting()) page.talk.ignore.add(key);
  page.talk.about.clear();
  changed(words("forgotten"));
}

function changed(sentence) {
  keep();
  draw();
  say(sentence);
  find("#pane").focus({ preventScroll: true });
}
