// A look at the words that a number stands on, before it is opened: where a mouse rests on it, or the keyboard's focus;
// and in the same box, at what a term of the field means, as the glossary has it.
//
// A finger has no place to rest. There a number opens the passage, as it does for everybody who presses it, and a term,
// which has nothing to open, shows its box when it is pressed.

import { find, make, say } from "./elements.js";
import { kindOf, meta } from "./under.js";

const RESTS_MS = 150; // before a mouse counts as resting, and as gone: on its way to the box it leaves the number
const GAP_PX = 6;
const EDGE_PX = 8;

const cited = new WeakMap(); // what each number stands on, and what explains each term
let shownFor = null; // the number or term whose words are shown
let timer = 0;

/** Remember what a number stands on; return the number. */
export function previewed(marker, citation) {
  if (citation) cited.set(marker, citation);
  return marker;
}

/** A term of the field within a sentence, to be looked up there. No button: its letters are to be marked and copied. */
export function explained(word, entry) {
  const term = make("span", { class: "term", role: "button", tabindex: "0", onclick: press, onkeydown: (event) => ["Enter", " "].includes(event.key) && press(event) }, word);
  function press(event) {
    event.preventDefault(); // the space bar would scroll
    show(term);
    say(entry.quote, "en");
  }
  return previewed(term, entry);
}

/** Hide the box; say whether there was one to hide. */
export function hidePreview() {
  clearTimeout(timer);
  if (!shownFor) return false;
  shownFor.removeAttribute("aria-describedby");
  shownFor = null;
  find("#preview").hidden = true;
  return true;
}

function show(marker) {
  hidePreview();
  if (!marker.isConnected || marker.getAttribute("aria-expanded") === "true") return; // its passage is open
  const citation = cited.get(marker);
  const box = find("#preview");
  box.replaceChildren(
    make("p", { class: "preview-top" }, citation.number ? make("span", { class: "number" }, String(citation.number)) : "", make("span", { class: "kind" }, kindOf(citation))),
    make("p", { class: "preview-title", lang: "en" }, citation.title),
    meta(citation) ? make("p", { class: "meta" }, meta(citation)) : "",
    make("blockquote", { lang: "en" }, make("span", { class: "preview-words" }, citation.quote)),
  );
  box.hidden = false;
  shownFor = marker;
  marker.setAttribute("aria-describedby", "preview");
  place(box, marker.getBoundingClientRect());
}

/** Below the number, or above it where there is more room, and never out of the window. */
function place(box, { left, top, bottom }) {
  const { offsetWidth: width, offsetHeight: height } = box;
  const composer = find("#composer").getBoundingClientRect().top;
  const below = bottom + GAP_PX + height <= composer || top - GAP_PX - height < EDGE_PX;
  box.style.left = `${Math.max(EDGE_PX, Math.min(left, document.documentElement.clientWidth - width - EDGE_PX))}px`;
  box.style.top = `${below ? bottom + GAP_PX : top - GAP_PX - height}px`;
}

function onOver(event) {
  if (event.pointerType === "touch") return;
  const marker = event.target.closest?.("button.cite, .term");
  if (event.target.closest?.("#preview") || (marker && marker === shownFor)) {
    clearTimeout(timer);
  } else if (cited.has(marker)) {
    clearTimeout(timer);
    timer = setTimeout(show, RESTS_MS, marker);
  } else if (document.activeElement !== shownFor) {
    clearTimeout(timer);
    timer = setTimeout(hidePreview, RESTS_MS);
  }
}

function onFocus(event) {
  const marker = event.target;
  if (!cited.has(marker)) hidePreview();
  else if (marker.matches(":focus-visible") && !event.relatedTarget?.closest("#pane")) show(marker); // not when a pane gives the focus back
}

/** Begin to look for what rests on a number. */
export function watchNumbers() {
  document.addEventListener("pointerover", onOver);
  document.addEventListener("focusin", onFocus);
  document.addEventListener("focusout", (event) => event.target === shownFor && hidePreview());
  document.addEventListener("click", hidePreview, true);
  document.addEventListener("scroll", () => shownFor && place(find("#preview"), shownFor.getBoundingClientRect()), true); // focus may scroll
  document.addEventListener("language", hidePreview);
  addEventListener("resize", hidePreview);
}
