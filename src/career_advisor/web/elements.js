// Elements, made without ever parsing a text as HTML, and what every part of the page needs to know.

import { words } from "./words.js";

export const find = (selector, within = document) => within.querySelector(selector);
export const wide = matchMedia("(min-width: 62rem)");
export const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** What the parts of the page share. */
export const page = {
  facts: null,
  turns: [], // of the conversation that is open
  current: null, // the turn that is being answered
  talk: null, // which conversation that is; see kept.js
};

/** Make an element. Strings among `children` become text. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export function button(label, onclick, properties = {}) {
  return make("button", { type: "button", class: "quiet small", onclick, ...properties }, label);
}

/** Make a link to another site, or the bare text where there is no address to be trusted. */
export function linkTo(link, text) {
  const safe = link && /^https?:\/\//.test(link.href);
  if (!safe) return make("span", {}, text ?? link?.label ?? "");
  return make(
    "a",
    { href: link.href, target: "_blank", rel: "noopener noreferrer external", referrerpolicy: "no-referrer" },
    text ?? link.label,
    make("span", { class: "unseen" }, words("new_tab")),
  );
}

/** The address of a link, also of one that is only shown. */
export const addressOf = (link) => link.href || link.label;

export const question = () => find("#question textarea");

/** Put the focus where one writes: into the question or, where a guided conversation is open, into what that asks. */
export function focusWriting() {
  const guided = find("#guided:not([hidden])");
  const place = guided ? (find("form :is(textarea, input, select)", guided) ?? find("h2", guided)) : question();
  place.focus();
}

/** Load the page anew; what somebody wrote elsewhere on it is to be handed over first, by whoever hears of it. */
export function loadAnew() {
  document.dispatchEvent(new Event("load-anew"));
  location.reload();
}

/** Show the conversation, and no longer the guided one that may be open in its place. */
export const backToTalk = () => document.dispatchEvent(new Event("back-to-talk"));

/** Write into one of Gradio's boxes as if typed: it listens for the event. */
export function write(text, box = question()) {
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Make a box take whatever is pasted into it: what is too much is said before it is sent, and nothing is cut unseen. */
export const upTo = (limit) => ({ "data-limit": limit });

/** Why what is written within cannot be sent: a box holds too much, and gets the focus; empty where none does. */
export function tooMuch(within) {
  const box = [...within.querySelectorAll("[data-limit]")].find((each) => each.value.length > Number(each.dataset.limit));
  box?.focus();
  return box ? words("too_long", { length: box.value.length, limit: Number(box.dataset.limit) }) : "";
}

/** Have a screen reader say it, in the page's language or in another one. */
export function say(text, language = document.documentElement.lang) {
  find("#status").lang = language;
  find("#status").textContent = text;
}

/** Show a sentence above the question, and have it said. */
export function tell(text, look = "") {
  const hint = find("#hint");
  hint.textContent = text;
  hint.className = look;
  hint.hidden = !text;
  if (text) say(text);
}
