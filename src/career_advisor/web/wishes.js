// How the answers of the open conversation are to be: in plain words, and by quotes alone where a language model writes.

import { find, make, page, tell } from "./elements.js";
import { keep } from "./kept.js";
import { words } from "./words.js";

const WISHES = ["plainWords", "quotesOnly"];

/** What is wished of the conversation that is open; the next one begins with the same, in sight. */
export const wishes = () => Object.fromEntries(WISHES.map((each) => [each, page.talk[each]]));

/** The switches that go below the question: those that change something here, or none. */
export function wishesRow() {
  const { explains, model } = page.facts;
  const plain = explains || model ? toggle("plainWords", make("span", { "data-words": "plain" }), (on) => (on ? plainly(model) : words("plain_off"))) : null;
  const quotes = model ? toggle("quotesOnly", make("span", { "data-words": "quotes_only" }), (on) => words(on ? "quotes_on" : "quotes_off")) : null;
  return plain ? [make("div", { class: "wishes" }, plain, quotes)] : [];
}

const plainly = (model) => words(model ? "plain_on_model" : "plain_on");

function toggle(name, label, said) {
  const box = make("input", { type: "checkbox", id: name, checked: page.talk[name] });
  box.addEventListener("change", () => {
    page.talk[name] = box.checked;
    keep();
    tell(said(box.checked), "good");
  });
  return make("label", { class: "wish", for: name }, box, label);
}

/** Show what is wished of another conversation, which was opened. */
export function showWishes() {
  for (const each of WISHES) {
    const box = find(`#${each}`);
    if (box) box.checked = page.talk[each];
  }
}
