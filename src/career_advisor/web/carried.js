// A conversation as something to take along: as Markdown, as JSON, and read again from JSON with distrust.

import { textOf } from "./own.js";
import { badgeOf, kindOf, links, meta, noticeOf, reasonOf, troubleOf, writerOf } from "./under.js";
import { dated, words } from "./words.js";

export const FORMAT = "career-advisor-conversation";
const GUIDED = "career-advisor-guided";
export const BYTES = 8_000_000; // of a file to import: more than a browser keeps
const VERSION = 1;
const TURNS = 2_000;
const LONG = 16_000; // characters of a text: an answer as the server caps it, and its numbers
const SHORT = 500;
const ADDRESS = 8_000;
const MANY = 2_000; // entries of a list within a turn
const FOUND_TEXT = 400; // characters kept of a passage that was found and not cited

const LOOKS = ["good", "part", "none", "urgent", ""];
const CODE = /^[a-z]{2,3}$/;
const OURS = /^(says|gap|situation|fault|span|rate)_[\w-]{1,40}$/;
const WHEN = /^\d{4}-\d\d-\d\dT[\d:.]{1,20}Z$/;
// What is unseen: control, zero-width and bidirectional characters, tags, lone surrogates.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Cs}/gu;

// ---------------------------------------------------------------- out

/** The conversation as JSON, to be imported again. */
export const asJson = (title, turns) => JSON.stringify({ format: FORMAT, version: VERSION, title, turns: turns.map(plain) }, null, 1);

/** What is kept of a turn. */
export function plain(turn) {
  const { id, question, asked, words, trouble, imported, reply } = turn;
  const found = reply?.found.map((each) => (each.text.length > FOUND_TEXT ? { ...each, text: `${each.text.slice(0, FOUND_TEXT)} …` } : each));
  return { id, question, asked, words, trouble, imported, reply: reply && { ...reply, found } };
}

/** The conversation as Markdown, for reading: every citation with its words, whose view they are, and where to check them. */
export function asMarkdown(title, turns) {
  const parts = turns.map((turn, position) => [
    `## ${position + 1}. ${inline(turn.question)}`,
    `*${words(turn.imported ? "asked_imported" : "asked_on", { date: dated(turn.asked.slice(0, 10)) })}*`,
    ...(turn.reply ? replyAsMarkdown(turn) : [escaped(turn.words), turn.words && escaped(words("unsourced"))]),
    escaped(troubleOf(turn)),
  ]);
  return [`# ${inline(title)}`, `*${words("exported_from")}*`, ...parts.flat()].filter(Boolean).join("\n\n") + "\n";
}

function replyAsMarkdown(turn) {
  const { reply } = turn;
  const badge = badgeOf(turn);
  const answer = reply.paragraphs.map((sentences) => sentences.map((each) => escaped(textOf(each)) + each.citations.map((number) => ` \\[${number}\\]`).join("")).join(" "));
  const cited = reply.citations.map((each) => {
    const from = [kindOf(each), meta(each)].filter(Boolean).join(" · ");
    const heading = each.heading.length ? ` (${each.heading.map(inline).join(" › ")})` : "";
    const lines = [`**\\[${each.number}\\] ${inline(each.title)}**${heading}`, inline(from), `> ${escaped(each.quote).replaceAll("\n", "\n> ")}`, links(each).map(linked).join(" ")];
    return lines.filter(Boolean).join("\n\n");
  });
  const help = reply.services.map((each) => {
    const facts = [textOf({ text: each.why, says: each.says }), each.audience && `${words("who_for")}: ${each.audience}`, each.cost && `${words("cost")}: ${each.cost}`, each.caveat && `${words("caveat")}: ${each.caveat}`, each.asOf && `${words("as_of")}: ${dated(each.asOf)}`];
    return `- **${inline(each.name)}**${each.link ? ` ${linked(each.link)}` : ""}. ${facts.filter(Boolean).map(inline).join(" ")}`;
  });
  return [
    `${badge.label ? `**${inline(badge.label)}** ` : ""}${badge.meaning ? `${inline(badge.meaning)} ` : ""}${inline(writerOf(reply.writer))}.`,
    escaped(textOf(noticeOf(reply))),
    ...answer,
    ...(cited.length ? [`### ${words("sources")}`, ...cited] : []),
    ...(help.length ? [`### ${words("who_can_help")}`, help.join("\n")] : []),
    ...(reply.dropped.length ? [`### ${words("sentences_left_out")}`, reply.dropped.map((each) => `- ${inline(each.text)} (${inline(textOf(reasonOf(each)))})`).join("\n")] : []),
  ];
}

/** A text as Markdown that shows it as it is: it makes no heading, list, code, table, formula, link or HTML. */
const escaped = (text) =>
  text
    .replace(UNSEEN, "") // a question may have been pasted with them
    .replace(/^[ \t]+/gm, "")
    .replace(/[\\`*_[\]<>#|~&$]/g, "\\$&")
    .replace(/^([-+=]|\d+(?=[.)]))/gm, (begin) => (/\d/.test(begin) ? `${begin}\\` : `\\${begin}`))
    .replace(/:(?=\/\/)|(?<=\bwww)\.|@/gi, "\\$&"); // many readers make links of what looks like an address

/** An address as Markdown; one that was only read in leads nowhere here either. */
const linked = (link) => (/^https?:\/\/[^\s<>\\]+$/.test(link.href) ? `<${link.href}>` : inline(link.label));
const inline = (text) => escaped(text).replace(/\s+/g, " ").trim();

/** Have the browser save a text as a file. */
export function download(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A file name of a title, with nothing in it that a file system would mind. */
export const fileName = (title, ending) => `${title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "conversation"}.${ending}`;

// ---------------------------------------------------------------- in

class Malformed extends Error {}

function demand(holds) {
  if (!holds) throw new Malformed();
}

const text = (limit) => (value) => {
  demand(typeof value === "string" && value.length <= limit);
  return value.replace(UNSEEN, "");
};
const short = text(SHORT);
const long = text(LONG);
const flag = (value) => value === true;
const number = (value) => {
  demand(Number.isSafeInteger(value) && value >= 0 && value < 1_000);
  return value;
};
const count = (value) => {
  demand(Number.isSafeInteger(value) && value >= 0);
  return value;
};
const list = (each) => (value) => {
  demand(Array.isArray(value) && value.length <= MANY);
  return value.map(each);
};
const either = (each) => (value) => (value === null || value === undefined ? null : each(value));
const record = (shape) => (value) => {
  demand(value && typeof value === "object" && !Array.isArray(value));
  return Object.fromEntries(Object.entries(shape).map(([name, read]) => [name, read(value[name])]));
};

const kept = record({ href: text(ADDRESS), label: text(ADDRESS), host: short });
/** Of a file, an address is only shown: nobody has checked where it leads. */
const shown = (value) => {
  const link = kept(value);
  return { href: "", label: link.href || link.label, host: link.host };
};

/** What a sentence of ours is made of; see own.js. What was kept or exported before there was any has none. */
const says = (value) => list(partOf(partOf(() => demand(false))))(value ?? []);
const partOf = (inner) => record({ key: ourKey, values: filledIn((value) => (typeof value === "number" ? count(value) : typeof value === "string" ? long(value) : inner(value))) });
const filledIn = (read) => (value) => {
  demand(value && typeof value === "object");
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [short(name), Array.isArray(each) ? list(read)(each) : read(each)]));
};
function ourKey(value) {
  demand(typeof value === "string" && OURS.test(value));
  return value;
}

const replyOf = (link) =>
  record({
    status: short,
    look: (value) => (LOOKS.includes(value) ? value : ""),
    writer: record({ model: short, tokens: count, estimated: flag }),
    notice: long,
    noticeSays: says,
    paragraphs: list(list(record({ text: long, citations: list(number), language: (value) => (CODE.test(value) ? value : "en"), says }))),
    asides: list(number),
    citations: list(record({ number, title: short, author: short, after: short, date: short, page: either(count), seconds: either(count), kind: short, heading: list(short), before: long, quote: long, behind: long, exact: either(link), sources: list(link) })),
    terms: (value) => list(record({ word: short, title: short, author: short, after: short, date: short, page: either(count), seconds: either(count), kind: short, quote: long }))(value ?? []), // an older file has none
    found: list(record({ title: short, author: short, after: short, kind: short, heading: list(short), text: long, score: short })),
    services: list(record({ name: short, kind: short, link: either(link), audience: short, cost: short, gap: short, caveat: short, asOf: short, why: short, says })),
    understood: list(record({ key: short, label: short })),
    followUps: list(short),
    dropped: list(record({ text: short, reason: short, says })),
  });

const turnOf = (link, imported) => {
  const read = record({
    id: either((value) => (/^[0-9a-f]{0,16}$/.test(value) ? value : "")),
    question: long,
    asked: (value) => (typeof value === "string" && WHEN.test(value) ? value : new Date().toISOString()),
    words: long,
    trouble: short,
    imported: flag,
    reply: either(replyOf(link)),
  });
  return (value) => {
    const turn = read(value);
    demand(turn.question.trim());
    return imported ? { ...turn, id: "", imported } : turn;
  };
};

/** Read turns that this browser kept; null where they make no sense. */
export const readKept = (value) => attempt(() => turns(value, kept, false));

/** Read a file; null where it is not a conversation that was exported here. Whatever else it holds is left out. */
export function readFile(content) {
  return attempt(() => {
    const value = JSON.parse(content);
    demand(value?.format === FORMAT && value.version === VERSION);
    const read = turns(value.turns, shown, true);
    demand(read.length);
    return { title: short(value.title), turns: read };
  });
}

/** Whether a file says of itself that it is one of a guided conversation; what else it holds is for the server to judge. */
export const isGuided = (content) => content !== null && attempt(() => JSON.parse(content))?.format === GUIDED;

function turns(value, link, imported) {
  demand(Array.isArray(value) && value.length <= TURNS);
  return value.map(turnOf(link, imported));
}

function attempt(read) {
  try {
    return read();
  } catch (trouble) {
    if (trouble instanceof Malformed || trouble instanceof SyntaxError) return null;
    throw trouble;
  }
}
