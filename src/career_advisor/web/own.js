// The advisor's own fixed sentences: it writes them in English, and they are said in the language that the person reads.

import { dated, has, language, listed, words } from "./words.js";

const QUOTED = ["quoted", "unknown"]; // what is filled in there stands in quotation marks
const EITHER = ["names", "unknown"]; // several there are alternatives

/** What is filled in: made of keys as the whole is, a list of those or of texts, a number, or a text. */
const known = ({ key, values }) => has(key) && Object.values(values).flat().every((value) => typeof value !== "object" || known(value));

const isWorded = ({ says }) => language !== "en" && says.length > 0 && says.every(known);

/** A sentence as it is said here: one of ours in the language that is read, any other as it was written. */
export const textOf = (sentence) => (isWorded(sentence) ? sentence.says.map(worded).join(" ") : sentence.text);

/** The language to read a sentence out in. */
export const languageOf = (sentence) => (isWorded(sentence) ? language : sentence.language);

function worded({ key, values }) {
  return words(key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, filledIn(name, value)])));
}

function filledIn(name, value) {
  if (Array.isArray(value)) return listed(value.map((each) => filledIn(name, each)), EITHER.includes(name) ? "disjunction" : "conjunction");
  if (typeof value === "object") return worded(value);
  if (name === "day") return dated(value);
  return QUOTED.includes(name) ? words("in_quotes", { text: value }) : value;
}
