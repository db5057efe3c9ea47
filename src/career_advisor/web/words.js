// The words of the page, in the language that the person reads: one table a language, made of words/*.toml. The page
// brings the table of the browser's language with it; that of another one is fetched when somebody chooses it.

const CHOICE = "advisor-language";

const known = JSON.parse(document.querySelector("#words").textContent);
export const LANGUAGES = known.languages; // [code, its own name]
export let language = known.language;
let table = known.table;
let plurals = new Intl.PluralRules(language);

/** A text of the table. Its {names} are filled in; `n` is the number that decides between one and many. */
export function words(key, values = {}) {
  return pattern(key, values).replace(/\{(\w+)\}/g, (_, name) => written(values[name]));
}

/** The same, in parts, where some of what is filled in are elements. */
export function wordsAround(key, values) {
  const parts = pattern(key, values).split(/\{(\w+)\}/);
  return parts.map((part, position) => (position % 2 ? (values[part] instanceof Node ? values[part] : written(values[part])) : part));
}

export const has = (key) => Object.hasOwn(table, key);

function pattern(key, { n }) {
  const entry = table[key];
  return typeof entry === "string" ? entry : (entry[plurals.select(n)] ?? entry.other);
}

const written = (value) => (typeof value === "number" ? value.toLocaleString(language) : String(value));

/** Several things as one phrase: "a, b and c", or "a, b or c" by a disjunction. */
export const listed = (items, type = "conjunction") => new Intl.ListFormat(language, { type }).format(items);

/** A day or month in ISO form as people write it; anything else as it stands. */
export function dated(text) {
  const [, year, month, day] = /^(\d{4})-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?$/.exec(text) ?? [];
  if (!year) return text;
  const form = { year: "numeric", month: "long", ...(day ? { day: "numeric" } : {}), timeZone: "UTC" };
  return new Date(Date.UTC(year, month - 1, day ?? 1)).toLocaleDateString(language === "en" ? "en-GB" : language, form);
}

/** Put the words into what says by `data-words` which are its own. */
export function putWords(within) {
  for (const each of within.querySelectorAll("[data-words]")) each.textContent = words(each.dataset.words);
  for (const each of within.querySelectorAll("[data-words-label]")) each.setAttribute("aria-label", words(each.dataset.wordsLabel));
  for (const each of within.querySelectorAll("[data-words-title]")) each.title = words(each.dataset.wordsTitle);
}

// ---------------------------------------------------------------- another language

/** Speak another language from now on; say whether its words could be had. */
export async function speak(code) {
  const came = code === known.language ? known.table : await tableOf(code);
  if (!came) return false;
  use(code, came);
  try {
    localStorage.setItem(CHOICE, code);
  } catch {
    // kept for this page alone
  }
  return true;
}

/** Ask the server for a table; null where it does not answer. */
async function tableOf(code) {
  try {
    const response = await fetch(new URL(`words-${code}.json`, import.meta.url));
    return response.ok ? await response.json() : null;
  } catch (trouble) {
    if (!(trouble instanceof TypeError || trouble instanceof SyntaxError)) throw trouble;
    return null;
  }
}

function use(code, came) {
  table = came;
  language = code;
  plurals = new Intl.PluralRules(code);
}

function chosen() {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null; // a browser that keeps nothing for anybody
  }
}

use(language, table);
const wanted = chosen();
if (wanted !== language && LANGUAGES.some(([code]) => code === wanted)) await speak(wanted);
