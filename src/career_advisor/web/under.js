// What stands under an answer: sources, people, what to ask next, what was left out; and the answer as text.

import { ask } from "./asking.js";
import { addressOf, linkTo, make, page, say } from "./elements.js";
import { languageOf, textOf } from "./own.js";
import { openSources } from "./pane.js";
import { understoodLine } from "./understood.js";
import { dated, has, words } from "./words.js";

export function showUnder(turn) {
  const { reply } = turn;
  turn.after.replaceChildren(
    ...[
      reply.notice ? make("p", { class: "notice", lang: languageOf(noticeOf(reply)) }, textOf(noticeOf(reply))) : null,
      reply.citations.length || reply.found.length ? sourceList(turn) : null,
      reply.understood.length ? understoodLine(reply.understood) : null,
      reply.services.length ? services(reply.services) : null,
      reply.followUps.length ? followUps(reply.followUps) : null,
      reply.dropped.length ? dropped(reply.dropped) : null,
    ].filter(Boolean),
  );
}

/** Where a passage can be read, each address once. */
export const links = (citation) => [...new Map([citation.exact, ...citation.sources].filter(Boolean).map((link) => [addressOf(link), link])).values()];
const addresses = (citation) => links(citation).map(addressOf);

/** Groups, and not regions: every turn has them, and what is a landmark should be there once. */
function sourceList(turn) {
  const { citations, found } = turn.reply;
  const items = bySection(citations).map((group) => sourceRow(turn, group));
  const label = citations.length ? words("sources") : words("looked_at");
  return make(
    "div",
    { class: "sources", role: "group", "aria-label": label },
    make("h3", {}, label),
    items.length ? make("ol", {}, ...items) : null,
    found.length
      ? make("button", { type: "button", class: "quiet small", "aria-controls": "pane", "aria-expanded": "false", onclick: (event) => openSources(turn, null, event.currentTarget) }, citations.length ? words("found_more", { n: found.length }) : words("found", { n: found.length }))
      : null,
  );
}

/** Citations of one section, together, in the order of their first numbers. */
function bySection(citations) {
  const groups = new Map();
  for (const each of citations) {
    const key = JSON.stringify([each.title, each.heading, meta(each)]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()];
}

/** One section with its numbers: pressed on a number, it opens that one, and else the first. */
function sourceRow(turn, group) {
  const [first] = group;
  const numbers = group.map((each) => each.number);
  const name = numbers.length === 1 ? words("source_of", { numbers: numbers[0] }) : words("sources_of", { numbers: numbers.slice(0, -1).join(", "), last: numbers.at(-1) });
  return make(
    "li",
    {},
    make(
      "button",
      {
        type: "button",
        class: "source",
        "aria-controls": "pane",
        "aria-expanded": "false",
        onclick: (event) => openSources(turn, Number(event.target.closest(".number")?.textContent ?? first.number), event.currentTarget),
      },
      make("span", { class: "numbers", "aria-hidden": "true" }, ...numbers.map((number) => make("span", { class: "number" }, String(number)))),
      make("span", {}, make("span", { class: "unseen" }, name), make("strong", { lang: "en" }, first.heading.at(-1) || first.title), " ", make("span", { class: "meta" }, meta(first))),
    ),
    ...group.map((each) => make("p", { class: "print-only" }, `${each.number}: “${each.quote}” ${addresses(each).join(" ")}`)),
  );
}

/** Whose view it is, of when, and where it stands. */
export const meta = (citation) => [viewOf(citation), citation.date && dated(citation.date), placeOf(citation)].filter(Boolean).join(" · ");

export const viewOf = ({ after, author }) => (after ? words("after", { whose: after }) : author ? words("by", { whose: author }) : "");

export const kindOf = ({ kind }) => words(kind === "summary" ? "summary" : "source_text");

export const sourceName = (n, title) => (title ? words("source_called", { n, title }) : words("source", { n }));

function placeOf({ page: onPage, seconds }) {
  if (onPage !== null) return words("on_page", { n: String(onPage) });
  if (seconds === null) return "";
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [first, ...others] = parts[0] ? parts : parts.slice(1);
  return words("at_time", { time: [first, ...others.map((part) => String(part).padStart(2, "0"))].join(":") });
}

/** What a badge says of an answer, what that means, and how it looks. */
export function badgeOf({ imported, reply }) {
  const key = `badge_${reply.status}`;
  const label = has(key) ? words(key) : "";
  if (!imported) return { look: reply.look, label, meaning: label && words(`${key}_means`) };
  const called = label ? ` ${words("badge_imported_called", { label })}` : "";
  return { look: "none", label: words("badge_imported"), meaning: words("badge_imported_means") + called };
}

/** Why there is no whole answer. It is kept by its key, so that it is told in the language that is read now. */
export const troubleOf = ({ trouble }) => (has(trouble) ? words(trouble, { limit: page.facts.limit }) : trouble);

/** Who wrote an answer, and what it took. */
export function writerOf({ model, tokens, estimated }) {
  const used = tokens ? words(estimated ? "about_tokens" : "tokens", { n: tokens }) : "";
  return words(`${model ? "written" : "quoted"}${used ? "_used" : ""}`, { model, tokens: used });
}

export function services(offered, label = words("who_can_help")) {
  return make("div", { class: "services", role: "group", "aria-label": label }, make("h3", {}, label), make("ul", {}, ...offered.map(card)));
}

/** Why a service is offered, as a sentence: that of a helpline is one of ours. */
const whyOf = ({ why, says }) => ({ text: why, says, language: "en" });

export function card(service) {
  return make(
    "li",
    { class: "service" },
    make("p", { class: "service-name" }, linkTo(service.link, service.name), service.link ? make("span", { class: "host" }, service.link.host) : null),
    make("p", { class: "why" }, service.why ? make("span", { lang: languageOf(whyOf(service)) }, textOf(whyOf(service))) : words("for_gap", { gap: service.gap })),
    make(
      "dl",
      {},
      ...[
        [words("who_for"), service.audience],
        [words("cost"), service.cost],
        [words("caveat"), service.caveat === service.why ? "" : service.caveat],
        [words("as_of"), service.asOf && dated(service.asOf), true],
      ].flatMap(([term, text, translated]) => (text ? [make("div", {}, make("dt", {}, term), make("dd", { lang: translated ? null : "en" }, text))] : [])),
    ),
  );
}

/** What there is to know of how an answer was made, as a sentence. */
export const noticeOf = ({ notice, noticeSays }) => ({ text: notice, says: noticeSays, language: "en" });

/** Why a sentence of a model's was left out, as a sentence. */
export const reasonOf = ({ reason, says }) => ({ text: reason, says, language: "en" });

function followUps(questions) {
  return make(
    "div",
    { class: "follow-ups", role: "group", "aria-label": words("ask_next") },
    make("h3", {}, words("ask_next")),
    make("ul", { lang: "en" }, ...questions.map((text) => make("li", {}, make("button", { type: "button", class: "chip", onclick: () => ask(text) }, text)))),
  );
}

function dropped(sentences) {
  return make(
    "details",
    { class: "dropped" },
    make("summary", {}, words("left_out", { n: sentences.length })),
    make("ul", {}, ...sentences.map((each) => make("li", {}, make("q", { lang: "en" }, each.text), " (", make("span", { lang: languageOf(reasonOf(each)) }, textOf(reasonOf(each))), ")"))),
  );
}

/** The answer as text, its sources below it. */
function asText(turn) {
  const shown = turn.reply?.paragraphs ?? [];
  const answer = shown.map((sentences) => sentences.map((each) => textOf(each) + each.citations.map((number) => ` [${number}]`).join("")).join(" "));
  const sources = (turn.reply?.citations ?? []).map((each) =>
    [`[${each.number}] ${each.title}`, meta(each), `“${each.quote}”`, ...addresses(each)].filter(Boolean).join("\n    "),
  );
  const help = (turn.reply?.services ?? []).map((each) => [each.name, each.link && addressOf(each.link)].filter(Boolean).join(": "));
  return [turn.question, answer.length ? answer.join("\n\n") : turn.words, turn.words && words("unsourced"), sources.length ? `${words("sources")}\n${sources.join("\n")}` : "", help.length ? `${words("who_can_help")}\n${help.join("\n")}` : ""].filter(Boolean).join("\n\n");
}

export async function copyOut(turn, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(asText(turn));
    button.textContent = words("copied");
    say(words("copied_said"));
  } catch {
    button.textContent = words("cannot_copy");
  }
  setTimeout(() => (button.textContent = before), 2_500);
}
