// The page: begins it, and hears what a person does. Somebody else's words enter it as text alone: there is no innerHTML.

import { alive, ask, failed, isPressing, readPlace, readStep, readVote, stop } from "./asking.js";
import { find, focusWriting, make, page, question, tell, wide, write } from "./elements.js";
import { showComplaint } from "./helpful.js";
import { elsewhere, newTalk, openBefore, takeOver } from "./kept.js";
import { closePane, openAbout, openKeys, openPeople, redrawPane } from "./pane.js";
import { hidePreview, watchNumbers } from "./preview.js";
import { languages } from "./speaking.js";
import { beginAnew, draw, openTalks, readIn, show } from "./talks.js";
import { drawAll, end } from "./turns.js";
import { wishesRow } from "./wishes.js";
import { language, putWords, words, wordsAround } from "./words.js";

// Nor does Gradio write any HTML: its error windows would be that, and one that the page's policy refused stopped all
// its drawing. So whatever is written as HTML becomes text.
globalThis.trustedTypes?.createPolicy("default", { createHTML: (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;") });

const DRAWN_WITHIN_MS = 20_000;
const LOOKS_AGAIN_MS = 3_000;
const AWAY = "away"; // how the hint looks that says that the advisor cannot be reached

let looking = 0; // a timer, while the advisor cannot be reached

const dark = matchMedia("(prefers-color-scheme: dark)");

// ---------------------------------------------------------------- looks

function chosenLook() {
  try {
    return localStorage.getItem("advisor-look");
  } catch {
    return null; // a browser that keeps nothing for anybody
  }
}

function look() {
  const chosen = document.documentElement.dataset.look ?? chosenLook();
  const isDark = chosen ? chosen === "dark" : dark.matches;
  if (chosen) document.documentElement.dataset.look = chosen;
  document.body.classList.toggle("dark", isDark); // Gradio's own switch
  find("#look-button")?.setAttribute("aria-pressed", String(isDark));
}

function switchLook() {
  const next = document.body.classList.contains("dark") ? "light" : "dark";
  document.documentElement.dataset.look = next;
  try {
    localStorage.setItem("advisor-look", next);
  } catch {
    // kept for this page alone
  }
  look();
}

// ---------------------------------------------------------------- what a person does

function onSend(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  if (ask(question().value)) write("");
}

function onClick(event) {
  const pressed = event.target.closest?.("button, a");
  if (!pressed || isPressing()) return;
  if (pressed.id === "send") onSend(event);
  else if (pressed.id === "stop") stop();
  else if (pressed.id === "clear") {
    event.stopImmediatePropagation(); // Gradio is told when it can hear
    beginAnew();
  } else if (pressed.classList.contains("skip")) {
    event.preventDefault(); // a link within the page would load it anew: Gradio sets a base address
    focusWriting();
  }
}

function onKey(event) {
  const typing = event.target.matches?.("textarea, input, select");
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === question()) {
    if (event.type === "keypress") onSend(event); // Gradio would send on keypress
  } else if (event.type !== "keydown") {
    // one event a key is enough for the others
  } else if (event.key === "/" && !typing && plain) {
    event.preventDefault();
    focusWriting();
  } else if (event.key === "?" && !typing && plain) {
    event.preventDefault();
    openKeys();
  } else if (event.key === "Escape") {
    const asked = event.target.closest?.(".helpful:has(form:not([hidden]))");
    if (hidePreview() || event.target.closest?.(".edit-form")) return; // which has an Escape of its own
    if (asked) showComplaint(asked, false);
    else if (!find("#pane").hidden) closePane();
    else if (page.current) find("#stop").click();
  }
}

// ---------------------------------------------------------------- words

/** Say everything in the language that is spoken now. */
function putAllWords() {
  const { pages, kept, translates } = page.facts;
  document.documentElement.lang = language; // which Gradio sets to the browser's
  putWords(document.body);
  const sources = make("span", { id: "index-line" }, pages ? words("my_sources", { n: pages }) : words("sources"));
  find("#not-an-adviser").replaceChildren(...wordsAround("not_an_adviser", { sources }));
  if (kept) find("#kept").textContent = `${words("questions_kept", { n: kept })} ${words("private_unnoted")}`;
  find("#only-english").textContent = translates ? words("translated") : words("only_english");
  find("#only-english").hidden = language === "en";
  putInGradio();
}

/** Gradio takes its words (`gr.I18n`) in the browser's language, and knows of no other that is chosen here. */
function putInGradio() {
  const texts = { "#question label > span": "your_question", "#send": "send", "#stop": "stop", "#clear": "new_conversation" };
  for (const [place, key] of Object.entries(texts)) {
    const nodes = document.createTreeWalker(find(place), NodeFilter.SHOW_TEXT);
    while (nodes.nextNode()) if (nodes.currentNode.data.trim()) nodes.currentNode.data = words(key);
  }
  question().placeholder = words("ask_a_question");
}

/** Another language was chosen: what is shown is shown anew in it. */
function onLanguage() {
  putAllWords();
  drawAll();
  redrawPane();
  if (looking) tell(words("offline"), AWAY);
  else tell("");
}

/** A file that is dropped would take the place of the page, and of the conversation with it. */
function onDrop(event) {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.type !== "drop") return;
  const [file, ...others] = event.dataTransfer.files;
  if (file && !others.length) readIn(file, words("not_a_file"));
  else tell(words("not_a_file"));
}

/** A browser may say that it is offline while the advisor runs beside it: what counts is whether that answers. */
async function onOffline() {
  if ((await alive()) || looking) return;
  looking = setInterval(async () => {
    if (!(await alive())) return;
    clearInterval(looking);
    looking = 0;
    if (find("#hint").className === AWAY) tell("");
  }, LOOKS_AGAIN_MS);
  if (page.current) end(page.current, "trouble_lost");
  tell(words("offline"), AWAY);
}

// ---------------------------------------------------------------- begin

function start() {
  page.facts = JSON.parse(find("#facts").textContent);
  page.talk = newTalk();
  find("#page").append(find("#page-template").content.cloneNode(true));
  find("#composer").prepend(make("p", { id: "hint", hidden: true }));
  find("#composer").append(make("p", { class: "small-print" }, make("span", { "data-words": "small_print" })));
  find(".small-print").before(...wishesRow());
  find("#examples").append(...page.facts.examples.map((text) => make("li", {}, make("button", { type: "button", class: "example", onclick: () => ask(text) }, text))));
  find(".bar-buttons").prepend(languages());
  find("#only-english").after(make("p", { class: "speaks" }, make("span", { "data-words": "language" }), languages()));
  if (page.facts.kept) find("#examples-title").before(make("p", { class: "not", id: "kept" }));
  putAllWords();
  document.addEventListener("language", onLanguage);
  find("#people-button").addEventListener("click", (event) => openPeople(event.currentTarget));
  find("#about-button").addEventListener("click", (event) => openAbout(event.currentTarget));
  find("#talks-button").addEventListener("click", (event) => openTalks(event.currentTarget));
  find("#look-button").addEventListener("click", switchLook);
  find("#pane-close").addEventListener("click", () => closePane());
  dark.addEventListener("change", look);
  watchNumbers();
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("keypress", onKey, true);
  for (const type of ["dragover", "drop"]) document.addEventListener(type, onDrop, true);
  question().addEventListener("input", () => question().value && tell("")); // emptied by the page, it says nothing new
  new MutationObserver(readStep).observe(find("#steps"), { subtree: true, childList: true, characterData: true });
  new MutationObserver(readPlace).observe(find("#place"), { subtree: true, childList: true, characterData: true });
  if (page.facts.feedback) new MutationObserver(readVote).observe(find("#vote"), { subtree: true, childList: true, characterData: true });
  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]).filter((node) => node.nodeType === 1);
    if (added.some((node) => node.matches(".toast-body, .toast-wrap") || find(".toast-body", node))) failed();
  }).observe(document.body, { subtree: true, childList: true });
  addEventListener("offline", onOffline);
  addEventListener("storage", (event) => {
    elsewhere(event);
    draw();
  });
  look();
  const over = takeOver();
  show(over ?? openBefore(), { quietly: true });
  if (over) {
    write(over.draft);
    ask(page.turns[over.asking].question, page.turns[over.asking]);
  }
  document.body.classList.add("ready");
  if (wide.matches) question().focus({ preventScroll: true });
}

/** Gradio draws the page's frame when it is ready, and not before. */
function whenDrawn() {
  if (find("#page") && question() && find("#send") && find("#steps")) {
    start();
    return true;
  }
  return false;
}

look();
if (!whenDrawn()) {
  const late = setTimeout(() => (find("#loading").textContent = words("undrawn")), DRAWN_WITHIN_MS);
  const waiting = new MutationObserver(() => {
    if (!whenDrawn()) return;
    waiting.disconnect();
    clearTimeout(late);
  });
  waiting.observe(document.body, { subtree: true, childList: true });
}
