// The page: shows the turns that the server sends, opens what they stand on, and keeps focus where a person left it.
// Somebody else's words enter it as text alone: there is no innerHTML here.

// Nor does Gradio write any: its error windows would be HTML, and one that the page's policy refused stopped all its
// drawing. So whatever is written as HTML becomes text.
globalThis.trustedTypes?.createPolicy("default", { createHTML: (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;") });

const find = (selector, within = document) => within.querySelector(selector);
const wide = matchMedia("(min-width: 62rem)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

const SILENT_FOR_MS = 20_000;
const LEAVES_WITHIN_MS = 1_500;
const FORGETS_WITHIN_MS = 10_000;
const VOTES_WITHIN_MS = 10_000;
const LONGEST_WORD = 20; // letters at most that are kept on one line with the marker behind them
const MESSAGE = {
  busy: "One answer is still coming. Stop it first, or wait for it.",
  empty: "Write a question first.",
  kept: "The advisor could not be reached to delete the conversation. Load this page anew: then nobody can go on with it, and it is forgotten within the hour.",
  lost: "The connection to the advisor was lost. Your question is still here; ask again when it is back.",
  refused: "The advisor could not take your question just now: many people are asking, or you asked very often. Please wait half a minute.",
  stopped: "Stopped. What stands above is all that had come.",
  stoppedAtOnce: "Stopped before a word had come.",
  reasonless: "Choose a reason first.",
  voteLost: "The advisor did not say whether it has your feedback. Please try again in half a minute.",
};

/** Make an element. Strings among `children` become text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** Make a link to another site, or the bare text where there is no address to be trusted. */
function linkTo(link, text) {
  const safe = link && /^https?:\/\//.test(link.href);
  if (!safe) return make("span", {}, text ?? "");
  return make(
    "a",
    { href: link.href, target: "_blank", rel: "noopener noreferrer external", referrerpolicy: "no-referrer" },
    text ?? link.label,
    make("span", { class: "unseen" }, " (opens in a new tab)"),
  );
}

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

// ---------------------------------------------------------------- the parts of the page

let facts;
let current = null; // the turn that is being answered
let pressing = false; // whether it is the page that presses a button
let holding = null; // what the next question has to wait for
let forgotten = null; // what to do when the server says that it has forgotten
let voted = null; // what to do when the server says what became of a vote
const seen = new Set(); // names of answers that have come; one that is over may still be heard of
let opener = null; // what opened the pane, and gets the focus back
const turns = [];

const question = () => find("#question textarea");

function write(text, box = question()) {
  // As if typed: Gradio listens for the event.
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, text);
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

function say(text) {
  find("#status").textContent = text;
}

function tell(text) {
  const hint = find("#hint");
  hint.textContent = text;
  hint.hidden = !text;
  if (text) say(text);
}

function ask(text) {
  if (current) {
    tell(MESSAGE.busy);
    return;
  }
  write(text);
  find("#send").click();
}

// ---------------------------------------------------------------- a turn

function begin(text, turn = null) {
  find("#welcome").hidden = true;
  tell("");
  closePane(false);
  for (const other of turns) find(".retry", other.element)?.remove();
  const began = turn ?? { question: text, element: make("article", { class: "turn" }) };
  if (!turn) {
    turns.push(began);
    find("#turns").append(began.element);
  }
  Object.assign(began, { id: null, reply: null, spoken: "" });
  began.stage = make("p", { class: "stage" }, make("span", { class: "dots", "aria-hidden": "true" }), make("span", {}, "Sending"));
  began.prose = make("div", { class: "words" });
  began.after = make("div", { class: "after" });
  began.element.setAttribute("aria-label", `Question ${turns.indexOf(began) + 1}`);
  began.element.replaceChildren(make("h2", { class: "asked" }, began.question), began.stage, began.prose, began.after);
  find("#spoken").replaceChildren();
  current = began;
  document.body.classList.add("answering");
  watch(began);
  began.element.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
}

function take(step) {
  if (step.state === "forgotten") {
    forgotten?.(true);
    return;
  }
  const turn = current;
  if (!turn || (turn.id === null ? seen.has(step.turn) : turn.id !== step.turn)) return;
  turn.id = step.turn;
  seen.add(step.turn);
  turn.heard = performance.now();
  showProse(turn, step.paragraphs, Boolean(step.reply));
  if (step.state === "working") {
    const stage = turn.stage.lastChild;
    if (stage.textContent !== step.stage) {
      stage.textContent = step.stage;
      say(step.stage);
    }
    return;
  }
  turn.reply = step.reply;
  if (step.reply) showReply(turn);
  end(turn, step.trouble, step.again);
}

/** Put the words there: new sentences are added to those that stand, so that nothing moves or is read out twice. */
function showProse(turn, paragraphs, whole) {
  const { prose } = turn;
  const before = prose.textContent;
  if (whole) prose.replaceChildren();
  paragraphs.forEach((sentences, row) => {
    const paragraph = prose.children[row] ?? prose.appendChild(make("p"));
    sentences.forEach((sentence, column) => {
      const key = JSON.stringify(sentence);
      const there = paragraph.children[column];
      if (there?.dataset.key === key) return;
      const markers = sentence.citations.map((number) => (whole ? marker(turn, number) : make("span", { class: "cite waiting" }, String(number))));
      const isNew = !there && !before.includes(sentence.text);
      const shown = make("span", { class: isNew ? "sentence new" : "sentence", "data-key": whole ? null : key }, ...withMarkers(sentence.text, markers));
      shown.append(" ");
      if (there) there.replaceWith(shown);
      else paragraph.append(shown);
    });
  });
  speak(turn, paragraphs.flat().map((sentence) => sentence.text), whole);
}

/** A text with the markers behind it; the last word keeps the first one from beginning a line by itself. */
function withMarkers(text, [first, ...others]) {
  if (!first) return [text];
  const cut = text.length - text.slice(-LONGEST_WORD).split(/\s/).at(-1).length;
  return [text.slice(0, cut), make("span", { class: "held" }, text.slice(cut), " ", first), ...others.flatMap((each) => [" ", each])];
}

/** Add to what is read out the sentences that are whole and new; the last one may still be growing. */
function speak(turn, sentences, whole) {
  const text = sentences.slice(0, whole ? undefined : -1).join(" ");
  if (!whole && text.length <= turn.spoken.length) return;
  const rest = text.startsWith(turn.spoken) ? text.slice(turn.spoken.length).trim() : text;
  if (rest) find("#spoken").append(make("p", {}, rest));
  turn.spoken = text;
}

function marker(turn, number) {
  const citation = turn.replyCitations?.get(number);
  const name = citation ? `Source ${number}: ${citation.title}` : `Source ${number}`;
  return make(
    "button",
    {
      type: "button",
      class: "cite",
      "aria-label": name,
      title: citation?.title,
      "aria-controls": "pane",
      "aria-expanded": "false",
      onclick: (event) => openSources(turn, number, event.currentTarget),
    },
    String(number),
  );
}

function showReply(turn) {
  const { reply } = turn;
  turn.replyCitations = new Map(reply.citations.map((citation) => [citation.number, citation]));
  showProse(turn, reply.paragraphs, true);
  for (const position of reply.asides) turn.prose.children[position]?.classList.add("aside");
  if (reply.badge.label) {
    turn.prose.before(
      make(
        "p",
        { class: "badges" },
        make("span", { class: `badge ${reply.badge.look}` }, reply.badge.label),
        make("span", { class: "meaning" }, reply.badge.meaning),
      ),
    );
  }
  turn.after.replaceChildren(
    ...[
      reply.notice ? make("p", { class: "notice" }, reply.notice) : null,
      reply.citations.length || reply.found.length ? sourceList(turn) : null,
      reply.services.length ? services(reply.services) : null,
      reply.followUps.length ? followUps(reply.followUps) : null,
      reply.dropped.length ? dropped(reply.dropped) : null,
    ].filter(Boolean),
  );
}

function end(turn, trouble = "", again = true) {
  current = null;
  document.body.classList.remove("answering");
  turn.stage.remove();
  if (trouble) turn.after.append(make("p", { class: "trouble" }, trouble));
  turn.after.append(actions(turn, again));
  if (facts.feedback && turn.reply && turn.reply.status !== "urgent") turn.after.append(helpful(turn));
  const sources = turn.reply?.citations.length ?? 0;
  say(trouble || `Answer complete, ${count(sources, "source", "sources")}.`);
}

function stop() {
  if (!current) return;
  const turn = current;
  hold(letGo());
  end(turn, turn.prose.textContent ? MESSAGE.stopped : MESSAGE.stoppedAtOnce);
  question().focus();
}

/** Keep the next question back until something is over: Gradio would lose its answer, or end it in place of another. */
function hold(until) {
  const mine = until.finally(() => {
    if (holding === mine) holding = null;
  });
  holding = mine;
}

/** Wait until Gradio has let go of an answer that is stopped. The last thing that it does then is to ask for a reset. */
function letGo() {
  return new Promise((resolve) => {
    const watching = new PerformanceObserver((list) => list.getEntries().some((each) => each.name.endsWith("/gradio_api/reset")) && left());
    const left = () => {
      watching.disconnect();
      resolve();
    };
    watching.observe({ type: "resource" });
    setTimeout(left, LEAVES_WITHIN_MS);
  });
}

/** Press one of Gradio's buttons, past what this page does when a person presses it. */
function press(button) {
  pressing = true;
  find(button).click();
  pressing = false;
}

/** Press a button for a turn that has begun, as soon as it will be heard. */
async function pressFor(turn, button) {
  while (holding) await holding;
  if (current === turn) press(button);
}

/** Notice a server that has gone silent or away. */
function watch(turn) {
  turn.heard = performance.now();
  const timer = setInterval(async () => {
    if (current !== turn) {
      clearInterval(timer);
    } else if (performance.now() - turn.heard > SILENT_FOR_MS && !(await alive()) && current === turn) {
      end(turn, MESSAGE.lost);
    }
  }, 2_000);
}

async function alive() {
  try {
    return (await fetch("./healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** Gradio shows its own errors in small windows that name no cause; a sentence in the turn takes their place. */
async function failed() {
  const turn = current;
  forgotten?.(false);
  if (voted) {
    voted(null); // a question that was begun meanwhile waits, so the trouble is not its own
    return;
  }
  if (!turn) return;
  await new Promise((resolve) => setTimeout(resolve, 300)); // the server's own sentence comes first, where it has one
  if (current !== turn) return;
  const there = await alive();
  if (current === turn) end(turn, there ? MESSAGE.refused : MESSAGE.lost);
}

// ---------------------------------------------------------------- what stands under an answer

function sourceList(turn) {
  const { citations, found } = turn.reply;
  const items = bySection(citations).map((group) => sourceRow(turn, group));
  const label = citations.length ? "Sources" : "What I looked at";
  return make(
    "section",
    { class: "sources", "aria-label": label },
    make("h3", {}, label),
    items.length ? make("ol", {}, ...items) : null,
    found.length
      ? make("button", { type: "button", class: "quiet small", "aria-controls": "pane", "aria-expanded": "false", onclick: (event) => openSources(turn, null, event.currentTarget) }, citations.length ? `${count(found.length, "more passage", "more passages")} that I found` : count(found.length, "passage", "passages"))
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
    ...group.map((each) => make("p", { class: "print-only" }, `${each.number}: “${each.quote}” ${each.sources.map((link) => link.href).join(" ")}`)),
  );
}

const meta = (citation) => [citation.view, citation.date, citation.place].filter(Boolean).join(" · ");

function services(offered, label = "Who can help") {
  return make("section", { class: "services", "aria-label": label }, make("h3", {}, label), make("ul", {}, ...offered.map(card)));
}

function card(service) {
  return make(
    "li",
    { class: "service" },
    make("p", { class: "service-name" }, linkTo(service.link, service.name), service.link ? make("span", { class: "host" }, service.link.host) : null),
    make("p", { class: "why" }, service.why || `For ${service.gap}.`),
    make(
      "dl",
      {},
      ...[
        ["Who for", service.audience],
        ["Cost", service.cost],
        ["Good to know", service.caveat],
        ["As of", service.asOf],
      ].flatMap(([term, text]) => (text ? [make("div", {}, make("dt", {}, term), make("dd", {}, text))] : [])),
    ),
  );
}

function followUps(questions) {
  return make(
    "section",
    { class: "follow-ups", "aria-label": "You could ask next" },
    make("h3", {}, "You could ask next"),
    make("ul", {}, ...questions.map((text) => make("li", {}, make("button", { type: "button", class: "chip", onclick: () => ask(text) }, text)))),
  );
}

function dropped(sentences) {
  return make(
    "details",
    { class: "dropped" },
    make("summary", {}, `${count(sentences.length, "sentence", "sentences")} left out, because no source carried ${sentences.length === 1 ? "it" : "them"}`),
    make("ul", {}, ...sentences.map((each) => make("li", {}, make("q", {}, each.text), ` (${each.reason})`))),
  );
}

function actions(turn, again) {
  const copy = make("button", { type: "button", class: "quiet small copy", onclick: () => copyOut(turn, copy) }, "Copy with sources");
  const retry = make("button", { type: "button", class: "quiet small retry", onclick: () => askAgain(turn) }, "Ask again");
  return make(
    "p",
    { class: "actions" },
    turn.prose.textContent ? copy : null,
    again ? retry : null,
    turn.reply ? make("span", { class: "writer" }, turn.reply.writer, " · ", make("button", { type: "button", class: "quiet small", onclick: (event) => openAbout(event.currentTarget) }, facts.model ? "how this works" : "turn a model on")) : null,
  );
}

function askAgain(turn) {
  if (current) {
    tell(MESSAGE.busy);
    return;
  }
  if (turn.id === null) {
    ask(turn.question); // it never reached the server
    return;
  }
  begin(turn.question, turn);
  pressFor(turn, "#again");
}

/** The answer as text, its sources below it. */
function asText(turn) {
  const shown = turn.reply?.paragraphs ?? [];
  const words = shown.map((sentences) => sentences.map((each) => each.text + each.citations.map((number) => ` [${number}]`).join("")).join(" "));
  const sources = (turn.reply?.citations ?? []).map((each) =>
    [`[${each.number}] ${each.title}`, meta(each), `“${each.quote}”`, ...new Set([each.exact, ...each.sources].filter(Boolean).map((link) => link.href))].filter(Boolean).join("\n    "),
  );
  const help = (turn.reply?.services ?? []).map((each) => [each.name, each.link?.href].filter(Boolean).join(": "));
  return [turn.question, words.length ? words.join("\n\n") : turn.prose.textContent, sources.length ? `Sources\n${sources.join("\n")}` : "", help.length ? `Who can help\n${help.join("\n")}` : ""].filter(Boolean).join("\n\n");
}

async function copyOut(turn, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(asText(turn));
    button.textContent = "Copied";
    say("Copied with sources.");
  } catch {
    button.textContent = "This browser does not let a page copy";
  }
  setTimeout(() => (button.textContent = before), 2_500);
}

// ---------------------------------------------------------------- whether an answer helped

/** Ask it, quietly. Nothing is sent before a person presses "Yes", or "Send" in the form that "No" opens. */
function helpful(turn) {
  const asked = find("#helpful-template").content.cloneNode(true).firstElementChild;
  const form = find("form", asked);
  const number = turns.indexOf(turn) + 1;
  find("[role=group]", asked).setAttribute("aria-label", "Was this helpful?");
  find(".reasons", asked).append(...facts.feedback.reasons.map(([key, words]) => make("label", { class: "reason" }, make("input", { type: "radio", name: `reason-${number}`, value: key }), make("span", {}, words))));
  find("[type=text]", asked).maxLength = facts.feedback.limit;
  find(".yes", asked).addEventListener("click", () => vote(turn, asked, { helped: true }));
  find(".no", asked).addEventListener("click", () => showComplaint(asked, form.hidden));
  find(".reasons", asked).addEventListener("change", () => tellOfVote(asked, ""));
  find(".cancel", asked).addEventListener("click", () => showComplaint(asked, false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    complain(turn, asked);
  });
  return asked;
}

function showComplaint(asked, open) {
  const form = find("form", asked);
  form.hidden = !open;
  tellOfVote(asked, "");
  find(".no", asked).setAttribute("aria-expanded", String(open));
  if (open) form.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
  find(open ? "[type=radio]" : ".no", asked).focus({ preventScroll: open });
}

function complain(turn, asked) {
  const reason = find("[type=radio]:checked", asked)?.value;
  if (reason) {
    vote(turn, asked, { helped: false, reason, words: find("[type=text]", asked).value });
  } else {
    tellOfVote(asked, MESSAGE.reasonless);
    find("[type=radio]", asked).focus();
  }
}

function tellOfVote(asked, trouble) {
  const line = find(".trouble", asked);
  line.textContent = trouble;
  line.hidden = !trouble;
  if (trouble) say(trouble);
}

/** Send a vote and say what became of it. The next question waits meanwhile: Gradio's errors don't say whose they are. */
async function vote(turn, asked, ballot) {
  if (current || voted) {
    tellOfVote(asked, MESSAGE.busy);
    return;
  }
  const said = haveVoted(holding, JSON.stringify({ turn: turn.id, ...ballot }));
  hold(said);
  const came = await said;
  if (!came?.thanks) {
    tellOfVote(asked, came?.trouble ?? MESSAGE.voteLost);
    return;
  }
  const thanks = make("p", { class: "thanks", tabindex: "-1" }, came.thanks);
  asked.replaceWith(thanks);
  thanks.focus();
}

/** Hand a vote to the server; return what it says, or null where it says nothing. */
async function haveVoted(before, ballot) {
  const said = new Promise((resolve) => (voted = resolve));
  await before;
  write(ballot, find("#ballot textarea, #ballot input"));
  press("#vote");
  const timer = setTimeout(voted, VOTES_WITHIN_MS, null);
  const came = await said;
  clearTimeout(timer);
  voted = null;
  write("", find("#ballot textarea, #ballot input"));
  return came;
}

// ---------------------------------------------------------------- the pane

function openPane(title, from, ...content) {
  opener?.setAttribute("aria-expanded", "false");
  opener = from;
  opener?.setAttribute("aria-expanded", "true");
  find("#pane-title").textContent = title;
  find("#pane-body").replaceChildren(...content);
  find("#pane").hidden = false;
  find("#pane").scrollTop = 0;
  document.body.classList.add("pane-open");
}

function closePane(giveBack = true) {
  const pane = find("#pane");
  if (pane.hidden) return;
  const had = pane.contains(document.activeElement);
  pane.hidden = true;
  document.body.classList.remove("pane-open");
  opener?.setAttribute("aria-expanded", "false");
  if (giveBack && (had || document.activeElement === document.body)) (opener?.isConnected ? opener : question()).focus();
  opener = null;
}

function openSources(turn, number, from) {
  const { citations, found } = turn.reply;
  const cited = citations.map((citation) => passage(citation, citation.number === number));
  const others = found.length
    ? make(
        "details",
        { class: "found", open: citations.length === 0 },
        make("summary", {}, citations.length ? `Found but not cited (${found.length})` : `Found, but not enough to answer (${found.length})`),
        ...found.map(foundPassage),
      )
    : null;
  openPane(citations.length ? `Sources (${citations.length})` : "What I looked at", from, ...cited, ...(others ? [others] : []));
  const target = (number !== null && cited[citations.findIndex((each) => each.number === number)]) || find("#pane");
  if (!wide.matches && from.classList.contains("cite")) window.scrollBy({ top: from.getBoundingClientRect().top - innerHeight * 0.25 }); // above the pane
  target.focus({ preventScroll: true });
  if (target !== find("#pane")) find("#pane").scrollTop = target.offsetTop - find(".pane-head").offsetHeight - 8;
}

function passage(citation, asked) {
  const heading = citation.heading.filter(Boolean);
  return make(
    "article",
    { class: asked ? "passage asked-for" : "passage", tabindex: "-1", "aria-label": `Source ${citation.number}: ${citation.title}` },
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
  const label = citation.kind === "Our summary" ? "Summarised from" : "Read at";
  return [make("p", { class: "from" }, label), make("ul", { class: "from" }, ...links.map((link) => make("li", {}, linkTo(link))))];
}

function foundPassage(hit) {
  return make(
    "article",
    { class: "passage" },
    make("p", { class: "passage-top" }, make("span", { class: "kind" }, hit.kind), make("span", { class: "meta" }, `score ${hit.score}`)),
    make("h3", {}, hit.title),
    hit.heading.length ? make("p", { class: "heading" }, hit.heading.join(" › ")) : null,
    hit.view ? make("p", { class: "meta" }, hit.view) : null,
    make("blockquote", {}, hit.text),
  );
}

function openPeople(from) {
  openPane(
    "Talk to a person",
    from,
    make("p", {}, "People who talk with you about your own situation. We are independent of them."),
    facts.services.length ? services(facts.services, "Services") : make("p", {}, "No service is in the registry."),
    make("p", { class: "meta" }, "If you or somebody else is in danger, call your local emergency number."),
  );
  find("#pane").focus({ preventScroll: true });
}

function openAbout(from) {
  const content = find("#about-template").content.cloneNode(true);
  find("#about-model", content).append(
    ...(facts.model
      ? [`${facts.model} writes them, from the passages found. Each sentence is checked against the passage that it names, and left out where that does not carry it.`]
      : [
          "Nobody: they are put together from sentences of the sources, word for word, without a language model. Whoever runs this can turn one on before starting it, with ",
          make("code", {}, "ADVISOR_MODEL=local"),
          " or, for example, ",
          make("code", {}, "ADVISOR_MODEL=ollama:qwen3"),
          ". Each of its sentences would then be checked against the sources.",
        ]),
  );
  if (facts.feedback) find("#about-words", content).after(find("#about-feedback-template").content.cloneNode(true));
  openPane("About", from, ...content.childNodes, make("p", { class: "meta" }, facts.index ? `Index: ${facts.index}.` : ""));
  find("#pane").focus({ preventScroll: true });
}

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
  const text = question().value.trim();
  let trouble = "";
  if (current) trouble = MESSAGE.busy;
  else if (!text) trouble = MESSAGE.empty;
  else if (text.length > facts.limit) trouble = `That is ${text.length.toLocaleString("en")} characters; ${facts.limit.toLocaleString("en")} are the most. Please shorten it to what matters most.`;
  if (trouble) {
    event.preventDefault();
    event.stopImmediatePropagation();
    tell(trouble);
    return;
  }
  begin(text);
  if (holding) {
    event.preventDefault();
    event.stopImmediatePropagation();
    pressFor(current, "#send");
  }
}

function onClick(event) {
  const pressed = event.target.closest?.("button, a");
  if (!pressed || pressing) return;
  if (pressed.id === "send") onSend(event);
  else if (pressed.id === "stop") stop();
  else if (pressed.id === "clear") {
    event.stopImmediatePropagation(); // Gradio is told when it can hear
    forget();
  }
  else if (pressed.classList.contains("skip")) {
    event.preventDefault(); // a link within the page would load it anew: Gradio sets a base address
    question().focus();
  }
}

function forget() {
  if (current) {
    hold(letGo());
    press("#stop");
  }
  hold(haveForgotten(holding));
  current = null;
  write("");
  turns.length = 0;
  document.body.classList.remove("answering");
  closePane(false);
  find("#turns").replaceChildren();
  find("#spoken").replaceChildren();
  find("#pane-body").replaceChildren();
  find("#welcome").hidden = false;
  tell("");
  say("The conversation is deleted.");
  window.scrollTo({ top: 0 });
  question().focus();
}

/** Have the server forget too; where it doesn't say that it has, begin a page that it does not know. */
async function haveForgotten(before) {
  await before;
  const told = new Promise((resolve) => {
    forgotten = resolve;
    setTimeout(resolve, FORGETS_WITHIN_MS, false);
  });
  press("#clear");
  if (await told) return;
  if (await alive()) location.reload();
  else tell(MESSAGE.kept);
}

function onKey(event) {
  const typing = event.target.matches?.("textarea, input");
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target === question()) {
    if (event.type === "keypress" || event.type === "keydown") {
      if (event.type === "keydown") return; // Gradio sends on keypress
      onSend(event);
    }
  } else if (event.type !== "keydown") {
    // one event a key is enough for the others
  } else if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    question().focus();
  } else if (event.key === "Escape") {
    const asked = event.target.closest?.(".helpful:has(form:not([hidden]))");
    if (asked) showComplaint(asked, false);
    else if (!find("#pane").hidden) closePane();
    else if (current) find("#stop").click();
  }
}

// ---------------------------------------------------------------- begin

export { calm, card, closePane, find, make, openPane, openSources, say }; // for guiding.js

function readStep() {
  const text = find("#steps").textContent.trim();
  if (text) take(JSON.parse(atob(text)));
}

function readVote() {
  const text = find("#vote").textContent.trim();
  if (text) voted?.(JSON.parse(atob(text)));
}

function start() {
  facts = JSON.parse(find("#facts").textContent);
  find("#page").append(find("#page-template").content.cloneNode(true));
  find("#composer").prepend(make("p", { id: "hint", hidden: true }));
  find("#composer").append(make("p", { class: "small-print" }, "Not a human adviser. Check sources."));
  if (facts.index) find("#index-line").textContent = `my sources (${facts.index})`;
  find("#examples").append(...facts.examples.map((text) => make("li", {}, make("button", { type: "button", class: "example", onclick: () => ask(text) }, text))));
  find("#people-button").addEventListener("click", (event) => openPeople(event.currentTarget));
  find("#about-button").addEventListener("click", (event) => openAbout(event.currentTarget));
  find("#look-button").addEventListener("click", switchLook);
  find("#pane-close").addEventListener("click", () => closePane());
  dark.addEventListener("change", look);
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("keypress", onKey, true);
  question().addEventListener("input", () => tell(""));
  new MutationObserver(readStep).observe(find("#steps"), { subtree: true, childList: true, characterData: true });
  if (facts.feedback) new MutationObserver(readVote).observe(find("#vote"), { subtree: true, childList: true, characterData: true });
  new MutationObserver((changes) => {
    if (changes.some((change) => [...change.addedNodes].some((node) => node.nodeType === 1 && (node.matches(".toast-body, .toast-wrap") || find(".toast-body", node))))) failed();
  }).observe(document.body, { subtree: true, childList: true });
  addEventListener("offline", () => current && end(current, MESSAGE.lost));
  look();
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
  const waiting = new MutationObserver(() => whenDrawn() && waiting.disconnect());
  waiting.observe(document.body, { subtree: true, childList: true });
}
