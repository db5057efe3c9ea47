// What stands under an answer: sources, people, what to ask next, what was left out; and the answer as text.

import { ask } from "./asking.js";
import { addressOf, linkTo, make, say } from "./elements.js";
import { openSources } from "./pane.js";
import { understoodLine } from "./understood.js";
import { WORDS } from "./words.js";

export function showUnder(turn) {
  const { reply } = turn;
  turn.after.replaceChildren(
    ...[
      reply.notice ? make("p", { class: "notice" }, reply.notice) : null,
      reply.citations.length || reply.found.length ? sourceList(turn) : null,
      reply.understood.length ? understoodLine(reply.understood) : null,
      reply.services.length ? services(reply.services) : null,
      reply.followUps.length ? followUps(reply.followUps) : null,
      reply.dropped.length ? dropped(reply.dropped) : null,
    ].filter(Boolean),
  );
}

/** Where a passage can be read, each address once. */
export const addresses = (citation) => [...new Set([citation.exact, ...citation.sources].filter(Boolean).map(addressOf))];

function sourceList(turn) {
  const { citations, found } = turn.reply;
  const items = bySection(citations).map((group) => sourceRow(turn, group));
  const label = citations.length ? WORDS.sources : WORDS.lookedAt;
  return make(
    "section",
    { class: "sources", "aria-label": label },
    make("h3", {}, label),
    items.length ? make("ol", {}, ...items) : null,
    found.length
      ? make("button", { type: "button", class: "quiet small", "aria-controls": "pane", "aria-expanded": "false", onclick: (event) => openSources(turn, null, event.currentTarget) }, citations.length ? WORDS.foundMore(found.length) : WORDS.found(found.length))
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
  const name = numbers.length === 1 ? `Source ${numbers[0]}: ` : `Sources ${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}: `;
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
      make("span", {}, make("span", { class: "unseen" }, name), make("strong", {}, first.heading.at(-1) || first.title), " ", make("span", { class: "meta" }, meta(first))),
    ),
    ...group.map((each) => make("p", { class: "print-only" }, `${each.number}: “${each.quote}” ${addresses(each).join(" ")}`)),
  );
}

export const meta = (citation) => [citation.view, citation.date, citation.place].filter(Boolean).join(" · ");

export function services(offered, label = WORDS.whoCanHelp) {
  return make("section", { class: "services", "aria-label": label }, make("h3", {}, label), make("ul", {}, ...offered.map(card)));
}

export function card(service) {
  return make(
    "li",
    { class: "service" },
    make("p", { class: "service-name" }, linkTo(service.link, service.name), service.link ? make("span", { class: "host" }, service.link.host) : null),
    make("p", { class: "why" }, service.why || WORDS.gap(service.gap)),
    make(
      "dl",
      {},
      ...[
        [WORDS.whoFor, service.audience],
        [WORDS.cost, service.cost],
        [WORDS.caveat, service.caveat],
        [WORDS.asOf, service.asOf],
      ].flatMap(([term, text]) => (text ? [make("div", {}, make("dt", {}, term), make("dd", {}, text))] : [])),
    ),
  );
}

function followUps(questions) {
  return make(
    "section",
    { class: "follow-ups", "aria-label": WORDS.askNext },
    make("h3", {}, WORDS.askNext),
    make("ul", {}, ...questions.map((text) => make("li", {}, make("button", { type: "button", class: "chip", onclick: () => ask(text) }, text)))),
  );
}

function dropped(sentences) {
  return make(
    "details",
    { class: "dropped" },
    make("summary", {}, WORDS.leftOut(sentences.length)),
    make("ul", {}, ...sentences.map((each) => make("li", {}, make("q", {}, each.text), ` (${each.reason})`))),
  );
}

/** The answer as text, its sources below it. */
function asText(turn) {
  const shown = turn.reply?.paragraphs ?? [];
  const words = shown.map((sentences) => sentences.map((each) => each.text + each.citations.map((number) => ` [${number}]`).join("")).join(" "));
  const sources = (turn.reply?.citations ?? []).map((each) =>
    [`[${each.number}] ${each.title}`, meta(each), `“${each.quote}”`, ...addresses(each)].filter(Boolean).join("\n    "),
  );
  const help = (turn.reply?.services ?? []).map((each) => [each.name, each.link && addressOf(each.link)].filter(Boolean).join(": "));
  return [turn.question, words.length ? words.join("\n\n") : turn.prose.textContent, sources.length ? `${WORDS.sources}\n${sources.join("\n")}` : "", help.length ? `${WORDS.whoCanHelp}\n${help.join("\n")}` : ""].filter(Boolean).join("\n\n");
}

export async function copyOut(turn, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(asText(turn));
    button.textContent = WORDS.copied;
    say(WORDS.copiedSaid);
  } catch {
    button.textContent = WORDS.cannotCopy;
  }
  setTimeout(() => (button.textContent = before), 2_500);
}
