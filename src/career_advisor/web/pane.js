// The pane beside the conversation, below it on a phone: what an answer stands on, people, what this is.

import { find, linkTo, make, page, question, wide } from "./elements.js";
import { meta, services } from "./under.js";
import { WORDS } from "./words.js";

let opener = null; // what opened the pane, and gets the focus back

function expanded(is) {
  if (opener?.hasAttribute("aria-controls")) opener.setAttribute("aria-expanded", String(is));
}

export function openPane(title, from, ...content) {
  expanded(false);
  opener = from;
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
}

export function openSources(turn, number, from) {
  const { citations, found } = turn.reply;
  const cited = citations.map((citation) => passage(citation, citation.number === number));
  const others = found.length
    ? make(
        "details",
        { class: "found", open: citations.length === 0 },
        make("summary", {}, citations.length ? WORDS.foundUncited(found.length) : WORDS.foundOnly(found.length)),
        ...found.map(foundPassage),
      )
    : null;
  openPane(citations.length ? WORDS.sourcesCited(citations.length) : WORDS.lookedAt, from, ...cited, ...(others ? [others] : []));
  const target = (number !== null && cited[citations.findIndex((each) => each.number === number)]) || find("#pane");
  if (!wide.matches && from.classList.contains("cite")) window.scrollBy({ top: from.getBoundingClientRect().top - innerHeight * 0.25 }); // above the pane
  target.focus({ preventScroll: true });
  if (target !== find("#pane")) find("#pane").scrollTop = target.offsetTop - find(".pane-head").offsetHeight - 8;
}

function passage(citation, asked) {
  const heading = citation.heading.filter(Boolean);
  return make(
    "article",
    { class: asked ? "passage asked-for" : "passage", tabindex: "-1", "aria-label": WORDS.source(citation.number, citation.title) },
    make("p", { class: "passage-top" }, make("span", { class: "number" }, String(citation.number)), make("span", { class: "kind" }, citation.kind)),
    make("h3", {}, citation.title),
    heading.length ? make("p", { class: "heading" }, heading.join(" › ")) : null,
    meta(citation) ? make("p", { class: "meta" }, meta(citation)) : null,
    make("blockquote", {}, citation.before, make("mark", {}, citation.quote), citation.behind),
    ...readAt(citation),
  );
}

function readAt(citation) {
  const links = [citation.exact, ...citation.sources].filter(Boolean);
  if (!links.length) return [];
  const label = citation.kind === "Our summary" ? WORDS.summarisedFrom : WORDS.readAt;
  return [make("p", { class: "from" }, label), make("ul", { class: "from" }, ...links.map((link) => make("li", {}, linkTo(link))))];
}

function foundPassage(hit) {
  return make(
    "article",
    { class: "passage" },
    make("p", { class: "passage-top" }, make("span", { class: "kind" }, hit.kind), make("span", { class: "meta" }, WORDS.score(hit.score))),
    make("h3", {}, hit.title),
    hit.heading.length ? make("p", { class: "heading" }, hit.heading.join(" › ")) : null,
    hit.view ? make("p", { class: "meta" }, hit.view) : null,
    make("blockquote", {}, hit.text),
  );
}

export function openPeople(from) {
  openPane(
    WORDS.people,
    from,
    make("p", {}, WORDS.peopleLead),
    page.facts.services.length ? services(page.facts.services, WORDS.services) : make("p", {}, WORDS.noService),
    make("p", { class: "meta" }, WORDS.danger),
  );
  find("#pane").focus({ preventScroll: true });
}

export function openAbout(from) {
  const content = find("#about-template").content.cloneNode(true);
  find("#about-model", content).append(
    ...(page.facts.model
      ? [WORDS.modelWrites(page.facts.model)]
      : [WORDS.nobodyWrites[0], make("code", {}, "ADVISOR_MODEL=local"), WORDS.nobodyWrites[1], make("code", {}, "ADVISOR_MODEL=ollama:qwen3"), WORDS.nobodyWrites[2]]),
  );
  find("#about-keys", content).append(find("#keys-template").content.cloneNode(true));
  if (page.facts.feedback) find("#about-words", content).after(find("#about-feedback-template").content.cloneNode(true));
  openPane(WORDS.about, from, ...content.childNodes, make("p", { class: "meta" }, WORDS.index(page.facts.index)));
  find("#pane").focus({ preventScroll: true });
}

export function openKeys() {
  const from = document.activeElement === document.body ? question() : document.activeElement;
  openPane(WORDS.keys, from, find("#keys-template").content.cloneNode(true));
  find("#pane").focus({ preventScroll: true });
}
