// The guided conversations: one question at a time, then a document that is edited in place and taken away.
// What a person writes is kept here, in this page's memory, until the page is closed or they delete it. As in page.js,
// other people's words enter as text alone.

import { calm, find, make, say, tell as tellBelow, tooMuch, upTo } from "./elements.js";
import { closePane, findOpener, openPane, openSources, redrawnBy } from "./pane.js";
import { card, sourceName } from "./under.js";
import { dated, has, language, putWords, words } from "./words.js";

const TICKS_SETTLE_MS = 500;
const FILE_LIMIT = 400_000; // characters, as on the server
const OVER = "advisor-over-guided"; // in sessionStorage, and only while the page is loaded anew
const DAYS = [7, 14, 30, 90];
const WRITING = "#guided .guided-own textarea"; // where somebody changes words in a document

const known = JSON.parse(find("#guides").textContent);
let guides = worded(); // the same, with the words of the language that is read
const kept = new Map(); // what was written, by guide
let open = null; // the one that is open
let left = null; // the one that was left in the middle of words in its document
let opener = null; // what opened it, and gets the focus back
let settling = 0; // a timer: ticks are sent together
let sent = 0; // the last request; an older one that comes late is not looked at
let summing = null; // what takes back the request for a summary, while one is awaited
let unsaved = false;

const today = () => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
const inDays = (count) => new Date(Date.parse(today()) + count * 86_400_000).toISOString().slice(0, 10);
const guideOf = (key) => guides.find((guide) => guide.key === key);
const asked = (guide) => guide.questions.filter((question) => !question.inDocument);
const blank = (key) => ({ key, written: today(), values: {}, ticks: {}, notes: {}, at: -1, made: null });
const button = (text, onclick, properties = {}) => make("button", { type: "button", class: "plain", onclick, ...properties }, text);
const isEmpty = (state) => ![state.values, state.ticks, state.notes].some((part) => Object.keys(part).length);

/** The guides, with what they ask; their words come with the page's. */
function worded() {
  const question = (guide, each) => {
    const at = `${guide}.${each.key}`;
    return { ...each, title: words(`${at}.title`), why: words(`${at}.why`), options: each.options.map((key) => [key, words(`${at}.options.${key}`)]) };
  };
  return known.guides.map(({ key, questions }) => ({ key, title: words(`${key}.title`), lead: words(`${key}.lead`), promise: words(`${key}.promise`), questions: questions.map((each) => question(key, each)) }));
}

function put(state, key, value) {
  const empty = Array.isArray(value) ? !value.some((each) => (typeof each === "string" ? each : each.do)) : !value;
  if (empty) delete state.values[key];
  else state.values[key] = value;
  unsaved = true;
}

// ---------------------------------------------------------------- in and out

function enter(key, from) {
  opener = from;
  tellBelow("");
  if (!kept.has(key)) kept.set(key, blank(key));
  open = kept.get(key);
  closePane(false);
  document.body.classList.add("guiding");
  find("#guided").hidden = false;
  if (open === left && find(WRITING)) return find(WRITING).focus(); // as it was
  window.scrollTo({ top: 0 });
  show();
}

/** Let go of what was asked for and has not come: the person has gone on. */
function settle() {
  clearTimeout(settling);
  sent += 1;
  stopSumming();
  document.body.classList.remove("guided-working");
}

function leave(giveBack = true) {
  settle();
  left = find(WRITING) && open;
  open = null;
  closePane(false);
  document.body.classList.remove("guiding");
  find("#guided").hidden = true;
  if (!left) find("#guided").replaceChildren();
  if (giveBack) (opener?.isConnected && opener.getClientRects().length ? opener : find("#question textarea"))?.focus();
}

function remove() {
  kept.set(open.key, blank(open.key));
  open = kept.get(open.key);
  unsaved = [...kept.values()].some((state) => !isEmpty(state));
  show();
  say(words("guided_deleted"));
}

function show(focus = "h2") {
  settle();
  const guide = guideOf(open.key);
  const content = open.made ? sheet(guide) : open.at < 0 ? welcome(guide) : form(guide);
  find("#guided").replaceChildren(
    make("div", { class: "guided-top" }, make("p", { class: "guided-name" }, guide.title), button(words("guided_leave"), () => leave(), { class: "quiet", title: words("guided_leave_keeps") })),
    ...content.filter(Boolean),
  );
  findOpener();
  const target = find(`#guided ${focus}`) ?? find("#guided h2");
  target.focus({ preventScroll: true });
  if (open.made && open.made.language !== language) translate();
}

/** Take back the request for a summary: it would be of other words, or nobody waits for it. */
function stopSumming() {
  summing?.abort();
  summing = null;
  const button = find("#guided-sum");
  if (button) button.textContent = words("guided_sum");
}

/** Have the document that is shown made anew in the language that is read now. */
async function translate() {
  if (!(await remake()) || isWriting()) return; // what somebody is writing in is shown anew when they are done
  showQuietly();
}

/** Show anew what is open, and leave the focus where it is. */
function showQuietly() {
  const had = document.activeElement;
  show();
  if (had.isConnected) had.focus({ preventScroll: true });
}

const isWriting = () => Boolean(find(WRITING));

const heading = (text) => make("h2", { tabindex: "-1" }, text);

function tell(text) {
  const line = find("#guided .guided-trouble");
  if (line) {
    line.textContent = text;
    line.hidden = !text;
    if (text) line.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
  } else {
    tellBelow(text);
  }
  if (text) say(text);
}

const trouble = () => make("p", { class: "guided-trouble", hidden: true });

// ---------------------------------------------------------------- before the first question

function welcome(guide) {
  const begun = !isEmpty(open);
  const file = make("input", { type: "file", accept: ".json,application/json", class: "unseen", tabindex: "-1", "aria-hidden": "true", onchange: (event) => bring(event.currentTarget) });
  return [
    heading(guide.title),
    make("p", { class: "guided-lead" }, guide.lead),
    make("p", {}, guide.promise),
    language === "en" ? null : make("p", { class: "guided-note" }, words("guided_in_english")),
    make("p", { class: "guided-note" }, words("guided_note")),
    trouble(),
    make(
      "div",
      { class: "guided-buttons" },
      button(words(begun ? "go_on" : "guided_begin"), () => go(0), { class: "primary" }),
      button(words("guided_open"), () => file.click()),
      begun ? button(words("guided_delete_mine"), remove) : null,
      file,
    ),
  ];
}

async function bring(input) {
  const [file] = input.files;
  input.value = "";
  if (!file) return;
  if (file.size > 4 * FILE_LIMIT) return tell(words("guided_file"));
  let content;
  try {
    content = await file.text();
  } catch {
    return tell(words("guided_file")); // it is there no more
  }
  await read(content);
}

/** A file of ours was chosen, or dropped, where conversations are read in: it opens, unless what was written would go. */
function onFile({ detail }) {
  const mine = kept.get(JSON.parse(detail).guide);
  if (unsaved && mine && !isEmpty(mine)) tell(words("import_guided"));
  else read(detail);
}

async function read(content) {
  let answers;
  try {
    answers = JSON.parse(content);
  } catch {
    return tell(words("guided_file"));
  }
  if (answers === null || typeof answers !== "object" || Array.isArray(answers)) return tell(words("guided_file"));
  delete answers.document; // quotes are looked up anew
  const made = await haveMade(JSON.stringify(answers));
  if (!made) return;
  const state = { ...blank(made.guide), written: made.written, values: {}, ticks: {}, notes: {}, ...made.answers, made };
  kept.set(made.guide, state);
  if (open) {
    open = state;
    show();
  } else {
    enter(made.guide, find("#talks-button"));
  }
  say(words("guided_opened", { title: guideOf(made.guide).title }));
}

// ---------------------------------------------------------------- one question at a time

function steps(guide) {
  // A question about each of several lines is asked only where there are lines.
  return asked(guide).filter((question) => !question.of || open.values[question.of]?.length);
}

function go(at) {
  open.made = null;
  open.at = at;
  window.scrollTo({ top: 0 });
  show();
}

function form(guide) {
  const questions = steps(guide);
  open.at = Math.min(open.at, questions.length - 1);
  const question = questions[open.at];
  const last = open.at === questions.length - 1;
  const field = FIELD[question.kind](question);
  const take = () => put(open, question.key, field.read());
  const onward = () => (last ? finish() : go(open.at + 1));
  const unless = (act) => {
    const trouble = tooMuch(element);
    if (trouble) tell(trouble);
    else act();
  };
  const position = words("guided_position", { n: open.at + 1, all: questions.length });
  const title = make("h2", { tabindex: "-1", id: "guided-title" }, question.title);
  const element = make(
    "form",
    {
      class: "guided-form",
      oninput: take,
      onsubmit: (event) => {
        event.preventDefault();
        take();
        unless(onward);
      },
    },
    make("div", { class: "guided-progress" }, make("progress", { max: String(questions.length), value: String(open.at + 1), "aria-label": position }), make("span", {}, position)),
    title,
    make("p", { class: "guided-why", id: "guided-why" }, question.why),
    field.element,
    trouble(),
    make(
      "div",
      { class: "guided-buttons" },
      make("button", { type: "submit", class: "primary" }, words(last ? "guided_make" : "guided_next")),
      button(words("guided_skip"), () => {
        put(open, question.key, "");
        onward();
      }),
      button(words("guided_back"), () => go(open.at - 1)),
      last ? null : button(words("guided_see_now"), () => unless(finish)),
    ),
  );
  return [element];
}

async function finish() {
  window.scrollTo({ top: 0 });
  if (await remake()) show();
}

const FIELD = {
  text: (question) => area(question, open.values[question.key] ?? "", known.limits.text, 6),
  choice: (question) => choices(question, "radio", [open.values[question.key]].filter(Boolean), (chosen) => chosen[0] ?? ""),
  choices: (question) => choices(question, "checkbox", open.values[question.key] ?? [], (chosen) => chosen),
  lines: (question) => rows(question, question.most, (at) => `${at + 1}.`, open.values[question.key] ?? []),
  each: (question) => rows(question, open.values[question.of].length, (at) => open.values[question.of][at], open.values[question.key] ?? []),
  "each-choice": eachChoice,
  steps: stepList,
};

function area(question, text, limit, lines) {
  const box = make("textarea", { rows: String(lines), ...upTo(limit), "aria-labelledby": "guided-title", "aria-describedby": "guided-why" });
  box.value = text;
  return { element: box, read: () => box.value };
}

function choices(question, type, chosen, read) {
  const name = `guided-${question.key}`;
  const group = make(
    "div",
    { class: "guided-choices", role: type === "radio" ? "radiogroup" : "group", "aria-labelledby": "guided-title", "aria-describedby": "guided-why" },
    ...question.options.map(([key, label]) => make("label", { class: "guided-choice" }, make("input", { type, name, value: key, checked: chosen.includes(key) }), make("span", {}, label))),
  );
  const limit = () => {
    const full = group.querySelectorAll(":checked").length >= question.most;
    if (type === "checkbox") for (const box of group.querySelectorAll("input:not(:checked)")) box.disabled = full;
  };
  group.addEventListener("change", limit);
  limit();
  return { element: group, read: () => read([...group.querySelectorAll(":checked")].map((box) => box.value)) };
}

function rows(question, number, label, texts) {
  const boxes = Array.from({ length: number }, (_, at) => {
    const box = make("input", { type: "text", ...upTo(known.limits.line), autocomplete: "off", "aria-describedby": "guided-why" });
    box.value = texts[at] ?? "";
    return box;
  });
  const element = make("div", { class: "guided-rows", role: "group", "aria-labelledby": "guided-title" }, ...boxes.map((box, at) => make("label", { class: "guided-row" }, make("span", {}, label(at)), box)));
  const fixed = Boolean(question.of); // then a line has its place
  return {
    element,
    read: () => {
      const written = boxes.map((box) => box.value.trim());
      return fixed ? written : written.filter((text, at) => text && written.indexOf(text) === at);
    },
  };
}

function select(options, chosen, label) {
  return make("select", { "aria-label": label }, make("option", { value: "" }, words("guided_choose")), ...options.map(([key, text]) => make("option", { value: key, selected: key === chosen }, text)));
}

function eachChoice(question) {
  const lines = open.values[question.of];
  const chosen = open.values[question.key] ?? [];
  const boxes = lines.map((line, at) => select(question.options, chosen[at], line));
  return { element: make("div", { class: "guided-rows" }, ...boxes.map((box, at) => make("label", { class: "guided-row" }, make("span", {}, lines[at]), box))), read: () => boxes.map((box) => box.value) };
}

function stepList(question) {
  const written = open.values[question.key] ?? [];
  const offered = new Map(question.options);
  const own = written.filter((step) => !offered.has(step.do));
  const list = [...question.options.map(([key, label]) => stepRow(label, written.find((step) => step.do === key), key)), ...[0, 1].map((at) => stepRow("", own[at], ""))];
  const element = make("ul", { class: "guided-steps", "aria-labelledby": "guided-title" }, ...list.map((row) => row.element));
  const read = () => list.map((row) => row.read()).filter(Boolean).slice(0, question.most);
  const limit = () => {
    const full = read().length >= question.most;
    for (const row of list) row.limit(full);
  };
  element.addEventListener("input", limit);
  limit();
  return { element, read };
}

/** A step: one that is offered, to be ticked, or one in a person's own words; and a day, once there is a step. */
function stepRow(label, step, key) {
  const name = label || words("guided_my_step");
  const what = make("input", key ? { type: "checkbox", value: key, checked: Boolean(step) } : { type: "text", ...upTo(known.limits.line), autocomplete: "off", placeholder: words("guided_own_step"), "aria-label": words("guided_own_step") });
  if (!key) what.value = step?.do ?? "";
  const day = make("input", { type: "date", min: today(), "aria-label": words("guided_day_for", { step: name }) });
  day.value = step?.by ?? "";
  const when = make("select", { "aria-label": words("guided_when_for", { step: name }) }, make("option", { value: "" }, words("guided_no_day")), ...DAYS.map((days) => make("option", { value: String(days) }, words(`guided_in_${days}`))), make("option", { value: "day", selected: Boolean(step?.by) }, words("guided_on_day")));
  const more = make("span", { class: "guided-when", hidden: true }, when, day);
  const has = () => (key ? what.checked : Boolean(what.value.trim()));
  const settle = () => {
    more.hidden = !has();
    day.hidden = !when.value;
  };
  when.addEventListener("change", () => {
    if (when.value && when.value !== "day") day.value = inDays(Number(when.value));
    if (!when.value) day.value = "";
    settle();
    day.dispatchEvent(new Event("input", { bubbles: true }));
  });
  what.addEventListener("input", settle);
  settle();
  return {
    element: make("li", {}, key ? make("label", { class: "guided-choice" }, what, make("span", {}, label)) : what, more),
    read: () => (has() ? { do: key || what.value.trim(), by: day.value || null } : null),
    limit: (full) => (what.disabled = full && !has()),
  };
}

// ---------------------------------------------------------------- the server

async function remake(at = "./guided", signal = null) {
  if (!open) return false;
  const { key, written, values, ticks, notes } = open;
  const answers = { values, ...(Object.keys(ticks).length ? { ticks } : {}), ...(Object.keys(notes).length ? { notes } : {}) };
  const state = open;
  const made = await haveMade(JSON.stringify({ format: "career-advisor-guided", version: 1, guide: key, written, answers }), at, signal);
  if (!made || open !== state) return false;
  state.made = made;
  // As it was read: cleaned of what nobody sees.
  Object.assign(state, { values: {}, ticks: {}, notes: {}, ...made.answers });
  return true;
}

/** Have a document made; null where it could not be, and the person was told why. */
async function haveMade(body, at = "./guided", signal = null) {
  const mine = ++sent;
  tell("");
  say(words("guided_working"));
  document.body.classList.add("guided-working");
  try {
    const response = await fetch(at, { method: "POST", body, signal, headers: { "content-type": "application/json", "accept-language": language } });
    if (mine !== sent) return null;
    if (response.status === 429 || response.status === 413) {
      tell(response.status === 429 ? words("guided_many") : words("guided_long"));
      return null;
    }
    const made = await response.json();
    if (mine !== sent) return null;
    if (response.ok) return made;
    tell(has(made.trouble) ? words(made.trouble) : (made.trouble ?? words("guided_lost")));
  } catch {
    if (mine === sent && !signal?.aborted) tell(words("guided_lost"));
  } finally {
    if (mine === sent) document.body.classList.remove("guided-working");
  }
  return null;
}

// ---------------------------------------------------------------- the document

function sheet(guide) {
  const { shown } = open.made;
  const turn = { reply: { citations: shown.citations, found: [] } };
  const article = make("article", { class: "guided-sheet", "aria-label": guide.title }, heading(shown.title), make("p", { class: "guided-date" }, shown.written), shown.inEnglish ? make("p", { class: "guided-note" }, shown.inEnglish) : null, ...shown.parts.map((part) => section(part, turn)), sources(shown, turn), make("p", { class: "guided-about" }, shown.about));
  const file = (kind) => () => download(open.made.files[kind], kind === "md" ? "text/markdown" : "application/json");
  return [
    make(
      "div",
      { class: "guided-buttons guided-tools", role: "group", "aria-label": words("guided_document") },
      button(words("guided_save_markdown"), file("md")),
      button(words("guided_save_json"), file("json"), { title: words("guided_save_json_means") }),
      button(words("print"), () => print()),
      button(words("guided_to_questions"), () => go(Math.max(0, steps(guide).length - 1))),
      button(words("delete"), remove),
    ),
    trouble(),
    summary(shown),
    standing(shown),
    article,
  ];
}

/** A summary by the language model, where there is one and the document is in the language that it is checked in. */
function summary(shown) {
  const kinds = new Set(shown.parts.flatMap((part) => part.items).map((item) => item.kind));
  if (!known.model || language !== "en" || open.made.language !== "en" || kinds.has("summed")) return null;
  return make("div", { class: "guided-summing" }, make("p", {}, words("guided_sum_means", { model: known.model })), button(words("guided_sum"), sumUp, { id: "guided-sum" }));
}

/** Ask for it; asked for once more, it is taken back. */
async function sumUp() {
  if (summing) return settle();
  settle(); // ticks that are about to be sent go along
  const mine = (summing = new AbortController());
  find("#guided-sum").textContent = words("stop");
  const made = await remake("./guided/summary", mine.signal);
  if (summing !== mine) return; // it was taken back, or the person has gone on
  stopSumming();
  if (!made) return;
  const { notice } = open.made;
  show(notice ? "#guided-sum" : ".guided-summed");
  if (notice) tell(notice);
}

/** The verdicts in a line that stays in sight while bars are ticked below. */
function standing(shown) {
  const verdicts = shown.parts.flatMap((part) => part.items).filter((item) => item.kind === "verdict" && item.work);
  if (!verdicts.length) return null;
  return make("p", { class: "guided-standing", "aria-hidden": "true" }, ...verdicts.map((each) => make("span", {}, `${each.work.split(/\s*[:：]/)[0]}: `, make("b", {}, each.name))));
}

function section(part, turn) {
  const items = [];
  for (const item of part.items) {
    const before = items.at(-1);
    const list = LISTED[item.kind];
    if (!list) items.push(ITEM[item.kind](item, turn, part));
    else if (before?.dataset.kind === item.kind) before.append(list(item));
    else items.push(make("ul", { class: `guided-${item.kind}s`, "data-kind": item.kind }, list(item)));
  }
  const services = items.map((each) => (each.dataset.kind === "service" ? make("div", { class: "services" }, each) : each));
  return make("section", { class: `guided-part level-${part.level}` }, make(part.level === 3 ? "h4" : "h3", {}, part.heading), ...services, part.edits === "steps" ? changeSteps() : null);
}

const LISTED = {
  service: (item) => card(item.service),
  ask: (item) => make("li", {}, item.before, item.said ? make("q", {}, item.said.replaceAll("\n", " ")) : "", item.behind),
  step: (item) => make("li", {}, item.by ? make("time", { datetime: item.by }, dated(item.by)) : null, make("span", { class: item.own ? "guided-mine" : "" }, item.text)),
};

const ITEM = {
  ours: (item) => make("p", { class: "guided-ours" }, item.text),
  summed: (item) => make("p", { class: "guided-summed", tabindex: "-1" }, item.text),
  quote: (item, turn) => make("p", { class: "guided-quote words" }, make("span", { lang: "en" }, item.text), "\u00a0", cite(item.citation ?? item.number, turn)),
  verdict: (item) => make("div", { class: `guided-verdict ${item.grade}` }, item.work ? make("p", { class: "guided-work" }, item.work) : null, make("p", { class: "guided-grade" }, item.name), make("p", {}, item.reason)),
  bar: tick,
  own,
};

function cite(number, turn) {
  const found = turn.reply.citations.find((each) => each.number === number);
  const control = button(String(number), (event) => openSources(turn, number, event.currentTarget), { class: "cite", "aria-label": sourceName(number, found?.title), "aria-controls": "pane", "aria-expanded": "false" });
  return control;
}

function changeSteps() {
  const at = steps(guideOf("plan")).findIndex((question) => question.kind === "steps");
  return make("p", { class: "guided-edit" }, button(words("guided_change_steps"), () => go(at), { class: "quiet small" }));
}

function sources(shown, turn) {
  if (!shown.sources.length) return null;
  return make(
    "section",
    { class: "guided-part guided-sources" },
    make("h3", {}, words("sources")),
    make("ul", {}, ...shown.sources.map((source) => make("li", {}, ...source.numbers.flatMap((number) => [cite(number, turn), " "]), make("span", { lang: "en" }, source.name), " ", source.view, make("span", { class: "guided-addresses" }, source.addresses.join(" "))))),
  );
}

function tick(item) {
  const name = `tick-${item.key}`;
  return make(
    "fieldset",
    { class: "guided-tick" },
    make("legend", {}, words("guided_you_say"), make("span", { class: "unseen" }, ` ${item.name}`)),
    ...known.ticks.map((key) =>
      make(
        "label",
        { class: "guided-choice" },
        make("input", {
          type: "radio",
          name,
          value: key,
          checked: item.tick === key,
          onchange: () => {
            open.ticks[item.key] = key;
            unsaved = true;
            settle(); // what is on its way knows nothing of this tick
            settling = setTimeout(() => renew(`input[name="${name}"][value="${key}"]`), TICKS_SETTLE_MS);
          },
        }),
        make("span", {}, words(`tick.${key}`)),
      ),
    ),
  );
}

/** Make the document anew after a change in it, and leave the person where they were. */
async function renew(where, written = false) {
  const before = find(`#guided ${where}`)?.getBoundingClientRect().top;
  const verdict = () => [...document.querySelectorAll("#guided .guided-grade")].map((each) => each.textContent).join(", ");
  const was = verdict();
  if (!(await remake())) return;
  if (!written && isWriting()) return; // somebody is writing: it is shown when they are done
  show(where);
  const after = find(`#guided ${where}`)?.getBoundingClientRect().top;
  if (before !== undefined && after !== undefined) window.scrollBy({ top: after - before, behavior: "instant" });
  say(verdict() === was ? words("guided_changed") : `${words("guided_changed")} ${verdict()}`);
}

/** The person's own words, and a way to change them where they stand. */
function own(item, _turn, part) {
  const name = item.label || part.heading;
  const holder = make("div", { class: "guided-own" });
  const label = item.label ? make("p", { class: "guided-label" }, item.label) : null;
  const said = make("p", { class: item.text ? "guided-mine" : "guided-open" }, item.text || words("guided_left_open"));
  if (!item.edits) {
    holder.append(...[label, said].filter(Boolean));
    return holder;
  }
  if (!item.text && item.edits.startsWith("note/")) {
    holder.append(button(words("guided_add_note"), () => write(holder, null, item, name), { class: "quiet small", "data-edits": item.edits, "aria-label": words("guided_add_note_to", { name: part.heading }) }));
    return holder;
  }
  const edit = button(words(item.text ? "guided_change" : "guided_write"), () => write(holder, label, item, name), { class: "quiet small", "data-edits": item.edits, "aria-label": words(item.text ? "guided_change_one" : "guided_write_one", { name }) });
  holder.append(...[label, said, make("p", { class: "guided-edit" }, edit)].filter(Boolean));
  return holder;
}

/** Put an editor in place of words; one at a time, so that no half-written words are lost when another is done. */
function write(holder, label, item, name) {
  const other = find(WRITING);
  if (other) {
    tell(words("guided_writing"));
    other.focus();
    return;
  }
  stopSumming();
  holder.replaceChildren(...[label, editor(item, name)].filter(Boolean));
}

function editor(item, name) {
  const [key, at] = item.edits.split("/");
  const question = guideOf(open.key).questions.find((each) => each.key === key);
  const whole = question?.kind === "lines" && at === undefined;
  const limit = key === "note" ? known.limits.note : at !== undefined ? known.limits.line : whole ? known.limits.line * question.most : known.limits.text;
  const box = make("textarea", { rows: String(at === undefined ? 4 : 2), ...upTo(limit), "aria-label": name });
  box.value = item.text;
  const back = `button[data-edits="${item.edits}"]`;
  const done = () => {
    const trouble = tooMuch(box.parentElement) || (whole ? tooManyLines(box.value, question) : "");
    if (trouble) {
      tell(trouble);
      return;
    }
    store(key, at, box.value, question);
    renew(back, true);
  };
  setTimeout(() => box.focus());
  return make(
    "div",
    {},
    box,
    make("div", { class: "guided-buttons" }, button(words("guided_done"), done, { class: "primary" }), button(words("cancel"), () => show(back))),
  );
}

const linesOf = (text) => [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];

/** Why lines cannot be taken: there are too many, or one is too long; empty where they can. */
function tooManyLines(text, question) {
  const lines = linesOf(text);
  const long = lines.find((line) => line.length > known.limits.line);
  if (long) return words("too_long", { length: long.length, limit: known.limits.line });
  return lines.length > question.most ? words("guided_lines", { n: lines.length, limit: question.most }) : "";
}

function store(key, at, text, question) {
  const { values, notes } = open;
  unsaved = true;
  if (key === "note") {
    if (text.trim()) notes[at] = text;
    else delete notes[at];
  } else if (question.kind === "lines" && at === undefined) {
    put(open, key, linesOf(text));
  } else if (at === undefined) {
    put(open, key, text);
  } else {
    const line = text.replaceAll("\n", " ").trim();
    const lines = [...(values[key] ?? [])];
    const dependent = guideOf(open.key).questions.filter((each) => each.of === key);
    if (!line && dependent.length) {
      // Without the option, what was said of it goes, too.
      for (const each of dependent) if (values[each.key]) put(open, each.key, values[each.key].filter((_, place) => place !== Number(at)));
      put(open, key, lines.filter((_, place) => place !== Number(at)));
    } else {
      while (lines.length <= Number(at)) lines.push("");
      lines[at] = line;
      put(open, key, question.of ? lines : lines.filter(Boolean));
    }
  }
}

function download(file, type) {
  const address = URL.createObjectURL(new Blob([file.text], { type: `${type};charset=utf-8` }));
  make("a", { href: address, download: file.name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  unsaved = false;
  say(words("guided_saved", { name: file.name }));
}

// ---------------------------------------------------------------- begin

function entries() {
  return make(
    "ul",
    { class: "guided-entries" },
    ...guides.map(({ key, title, lead }) =>
      make("li", {}, make("button", { type: "button", class: "example guided-entry", onclick: (event) => enter(key, event.currentTarget) }, make("strong", { "data-words": `${key}.title` }, title), make("span", { "data-words": `${key}.lead` }, lead))),
    ),
  );
}

function start() {
  find("#welcome").append(make("h3", { "data-words": "guided_begin_with" }), entries());
  find("#page .talk").append(make("section", { id: "guided", hidden: true, "data-words-label": "guided_one" }));
  const openEntries = (from) => {
    openPane(words("guided"), from, make("p", {}, words("guided_lead")), entries());
    redrawnBy(openEntries);
  };
  find("#composer .small-print").append(" ", button("", (event) => openEntries(event.currentTarget), { id: "guides-button", "data-words": "guided", "aria-controls": "pane", "aria-expanded": "false" }));
  putWords(document.body);
  document.addEventListener("language", onLanguage);
  document.addEventListener("back-to-talk", () => open && leave(false));
  document.addEventListener("guided-file", onFile);
  document.addEventListener("load-anew", handOver);
  takeOver();
  addEventListener("beforeunload", (event) => unsaved && [...kept.values()].some((state) => !isEmpty(state)) && event.preventDefault());
}

/** The page is to be loaded anew: what was written goes over to it, and nobody need be asked whether to leave. */
function handOver() {
  const written = [...kept.values()].filter((state) => !isEmpty(state)).map((state) => ({ ...state, made: null }));
  if (!written.length) return;
  try {
    sessionStorage.setItem(OVER, JSON.stringify({ written, unsaved }));
    unsaved = false;
  } catch {
    // a browser that keeps nothing for anybody: it asks before it leaves
  }
}

/** Take over what the page handed to itself, and leave nothing of it. */
function takeOver() {
  try {
    const over = JSON.parse(sessionStorage.getItem(OVER));
    sessionStorage.removeItem(OVER);
    for (const state of over?.written ?? []) if (guideOf(state.key)) kept.set(state.key, state);
    unsaved = over?.unsaved ?? false;
  } catch {
    // a browser that keeps nothing for anybody
  }
}

/** What is open is shown anew. Where somebody is writing in the document, that comes when they are done. */
function onLanguage() {
  guides = worded();
  if (!open) return;
  if (isWriting()) translate();
  else showQuietly();
}

if (document.body.classList.contains("ready")) start();
else {
  const waiting = new MutationObserver(() => {
    if (!document.body.classList.contains("ready")) return;
    waiting.disconnect();
    start();
  });
  waiting.observe(document.body, { attributes: true, attributeFilter: ["class"] });
}
