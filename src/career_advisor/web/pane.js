// The pane beside the conversation, below it on a phone: what an answer stands on, people, what this is.

import { find, linkTo, make, page, question, wide } from "./elements.js";
import { allButton, fetchServices } from "./services.js";
import { languages } from "./speaking.js";
import { kindOf, meta, services, sourceName, viewOf } from "./under.js";
import { dated, putWords, words, wordsAround } from "./words.js";

const STALE_MS = 183 * 24 * 3_600_000;

let opener = null; // what opened the pane, and gets the focus back
let place = -1; // of the opener among all that open it: what is drawn anew stands in the same order
let redraw = null; // opens what the pane holds once more, given an opener

const openers = () => [...document.querySelectorAll("[aria-controls=pane]")];

function expanded(is) {
  if (opener?.hasAttribute("aria-controls")) opener.setAttribute("aria-expanded", String(is));
}

/** Find the opener again where the page around it was drawn anew. */
export function findOpener() {
  if (!opener || opener.isConnected) return;
  const there = openers()[place];
  opener = there?.className === opener.className ? there : question();
  expanded(true);
}

/** Draw what is open anew, in the language that is read now, and leave the person where they were in it. */
export function redrawPane() {
  const pane = find("#pane");
  if (pane.hidden) return;
  if (!redraw) {
    closePane(false);
    return;
  }
  findOpener();
  const had = document.activeElement;
  const [inPane, inPage] = [pane.scrollTop, scrollY];
  redraw(opener);
  (had.isConnected ? had : (find("select", pane) ?? pane)).focus({ preventScroll: true });
  pane.scrollTop = inPane;
  scrollTo({ top: inPage, behavior: "instant" });
}

/** Say how the pane that is open can be drawn anew. */
export function redrawnBy(open) {
  redraw = open;
}

export function openPane(title, from, ...content) {
  expanded(false);
  opener = from;
  place = openers().indexOf(from);
  redraw = null;
  expanded(true);
  find("#pane-title").textContent = title;
  find("#pane-body").replaceChildren(...content);
  find("#pane").hidden = false;
  find("#pane").scrollTop = 0;
  document.body.classList.add("pane-open");
}

export function closePane(giveBack = true) {
  const pane = find("#pane");
  if (pane.hidden) return;
  const had = pane.contains(document.activeElement);
  pane.hidden = true;
  document.body.classList.remove("pane-open");
  expanded(false);
  if (giveBack && (had || document.activeElement === document.body)) (opener?.isConnected ? opener : question()).focus();
  opener = null;
  redraw = null;
}

export function openSources(turn, number, from) {
  const { citations, found } = turn.reply;
  const cited = citations.map((citation) => passage(citation, citation.number === number));
  const others = found.length
    ? make(
        "details",
        { class: "found", open: citations.length === 0 },
        make("summary", {}, citations.length ? words("found_uncited", { n: found.length }) : words("found_only", { n: found.length })),
        ...found.map(foundPassage),
      )
    : null;
  openPane(citations.length ? words("sources_cited", { n: citations.length }) : words("looked_at"), from, ...cited, ...(others ? [others] : []));
  redrawnBy((again) => openSources(turn, number, again));
  const target = (number !== null && cited[citations.findIndex((each) => each.number === number)]) || find("#pane");
  if (!wide.matches && from.classList.contains("cite")) window.scrollBy({ top: from.getBoundingClientRect().top - innerHeight * 0.25 }); // above the pane
  target.focus({ preventScroll: true });
  if (target !== find("#pane")) find("#pane").scrollTop = target.offsetTop - find(".pane-head").offsetHeight - 8;
}

function passage(citation, asked) {
  const heading = citation.heading.filter(Boolean);
  return make(
    "article",
    { class: asked ? "passage asked-for" : "passage", tabindex: "-1", "aria-label": sourceName(citation.number, citation.title) },
    make("p", { class: "passage-top" }, make("span", { class: "number" }, String(citation.number)), make("span", { class: "kind" }, kindOf(citation))),
    make("h3", { lang: "en" }, citation.title),
    heading.length ? make("p", { class: "heading", lang: "en" }, heading.join(" › ")) : null,
    meta(citation) ? make("p", { class: "meta" }, meta(citation)) : null,
    make("blockquote", { lang: "en" }, citation.before, make("mark", {}, citation.quote), citation.behind),
    ...readAt(citation),
  );
}

function readAt(citation) {
  const links = [citation.exact, ...citation.sources].filter(Boolean);
  if (!links.length) return [];
  const label = citation.kind === "summary" ? words("summarised_from") : words("read_at");
  return [make("p", { class: "from" }, label), make("ul", { class: "from" }, ...links.map((link) => make("li", {}, linkTo(link))))];
}

function foundPassage(hit) {
  return make(
    "article",
    { class: "passage" },
    make("p", { class: "passage-top" }, make("span", { class: "kind" }, kindOf(hit)), make("span", { class: "meta" }, words("score", { score: hit.score }))),
    make("h3", { lang: "en" }, hit.title),
    hit.heading.length ? make("p", { class: "heading", lang: "en" }, hit.heading.join(" › ")) : null,
    viewOf(hit) ? make("p", { class: "meta" }, viewOf(hit)) : null,
    make("blockquote", { lang: "en" }, hit.text),
  );
}

export function openPeople(from) {
  openPane(
    words("people"),
    from,
    make("p", {}, words("people_lead")),
    page.facts.listed ? allButton(from) : "",
    page.facts.services.length ? services(page.facts.services, words("services")) : make("p", {}, words("no_service")),
    make("p", { class: "meta" }, words("danger")),
  );
  redrawnBy(openPeople);
  if (page.facts.listed) fetchServices();
  find("#pane").focus({ preventScroll: true });
}

/** When it was read, and as of when it is; a month or a year counts as its last day. */
function howOld({ built, newest, oldest }) {
  const said = [words("about_built", { date: dated(built) })];
  if (!newest) return [...said, words("about_undated")];
  const last = Date.parse(`${newest}${["-12-31", "-28"][(newest.length - 4) / 3] ?? ""}`);
  return [...said, words("about_newest", { newest: dated(newest), oldest: dated(oldest) }), Date.now() - last > STALE_MS ? words("about_stale") : ""];
}

export function openAbout(from) {
  const { age, model, feedback, guides, kept, pages } = page.facts;
  const content = find("#about-template").content.cloneNode(true);
  const examples = { local: make("code", {}, "ADVISOR_MODEL=local"), other: make("code", {}, "ADVISOR_MODEL=ollama:qwen3") };
  find("#about-model", content).append(...(model ? [words("model_writes", { model })] : wordsAround("nobody_writes", examples)));
  if (!guides) for (const each of [find("#about-guided + p", content), find("#about-guided", content)]) each.remove();
  find("#about-words", content).append(`${kept ? words("questions_kept", { n: kept }) : words("not_stored")} ${kept || feedback ? `${words("private_unnoted")} ` : ""}${words("held")}`);
  if (feedback) find("#about-words", content).after(make("p", { id: "about-feedback" }, words("about_feedback")));
  find("#about-language", content).append(languages());
  find("#about-keys", content).append(find("#keys-template").content.cloneNode(true));
  putWords(content);
  find("#about-age", content).append([pages ? words("about_read", { n: pages }) : "", ...howOld(age)].filter(Boolean).join(" "));
  openPane(words("about"), from, ...content.childNodes);
  redrawnBy(openAbout);
  find("#pane").focus({ preventScroll: true });
}

export function openKeys() {
  showKeys(document.activeElement === document.body ? question() : document.activeElement);
}

function showKeys(from) {
  const content = find("#keys-template").content.cloneNode(true);
  putWords(content);
  openPane(words("keys"), from, content);
  redrawnBy(showKeys);
  find("#pane").focus({ preventScroll: true });
}
