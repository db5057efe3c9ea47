// How a question reaches the server and what comes back, through Gradio's buttons: one thing at a time.

import { find, focusWriting, loadAnew, page, question, say, tell, write } from "./elements.js";
import { dropOver, handOver } from "./kept.js";
import { begin, end, take } from "./turns.js";
import { words } from "./words.js";

const SILENT_FOR_MS = 20_000;
const STILL_AFTER_MS = 7_000; // without a word, it is said that it is still at work
const LEAVES_WITHIN_MS = 1_500;
const LOADS_WITHIN_MS = 2_000;
const FORGETS_WITHIN_MS = 10_000;
const VOTES_WITHIN_MS = 10_000;
const TURNS_TOLD = 12;
const TOLD_BYTES = 40_000; // of the turns before a question: the whole request has to stay below the server's 64 KB

const QUEUED_FOR_MS = 700; // every question is in the queue for a moment

let pressing = false; // whether it is the page that presses a button
let holding = null; // what the next question has to wait for
let forgotten = null; // what to do when the server says that it has forgotten
let voted = null; // what to do when the server says what became of a vote

export const isPressing = () => pressing;
export const isVoting = () => voted !== null;

/** Ask, in a turn of its own or anew in one that is there; say why where that cannot be done now. */
export function ask(text, turn = null) {
  const trouble = whyNot(text);
  if (trouble) {
    tell(trouble);
    return false;
  }
  begin(text.trim(), turn);
  watch(page.current);
  pressFor(page.current);
  return true;
}

/** Why a text cannot be asked now; empty where it can. */
export function whyNot(text) {
  if (page.current) return words("busy");
  if (!text.trim()) return words("empty");
  return text.trim().length > page.facts.limit ? words("too_long", { length: text.trim().length, limit: page.facts.limit }) : "";
}

/** What is sent: the question, the turns before it by name and question, and what the person says of themselves. */
function asked(turn) {
  const earlier = page.turns.slice(0, page.turns.indexOf(turn)).filter((each) => each.id !== null);
  const before = earlier.slice(-TURNS_TOLD).map((each) => [each.id, each.question]);
  while (new TextEncoder().encode(JSON.stringify(JSON.stringify(before))).length > TOLD_BYTES) before.shift();
  return JSON.stringify({ question: turn.question, before, ignore: [...page.talk.ignore], about: [...page.talk.about], quotesOnly: page.talk.quotesOnly, plainWords: page.talk.plainWords, private: page.talk.apart });
}

/** Press one of Gradio's buttons, past what this page does when a person presses it. */
function press(button) {
  pressing = true;
  find(button).click();
  pressing = false;
}

/** Send the question of a turn that has begun, as soon as it will be heard. */
async function pressFor(turn) {
  while (holding) await holding;
  if (page.current !== turn) return;
  if (isBroken()) {
    comeBack(turn);
    return;
  }
  write(asked(turn), find("#asked textarea, #asked input"));
  press("#send");
}

/** Whether Gradio has lost its connection: then it says so in a window that stays, and takes no more questions. */
const isBroken = () => [...document.querySelectorAll(".toast-body")].some((each) => /connection to the server was lost/i.test(each.textContent));

/** Load the page anew where the advisor is back, and go on there with what is on the page. */
async function comeBack(turn) {
  const there = await alive();
  if (page.current !== turn) return;
  if (there && handOver(page.turns.indexOf(turn), question().value)) {
    loadAnew();
    await new Promise((resolve) => setTimeout(resolve, LOADS_WITHIN_MS));
    dropOver(); // still here: somebody chose to stay, or the browser did
    if (page.current !== turn) return;
  }
  end(turn, "trouble_lost");
}

export function stop() {
  if (!page.current) return;
  const turn = page.current;
  hold(letGo());
  end(turn, turn.prose.textContent ? "trouble_stopped" : "trouble_stopped_at_once");
  focusWriting();
}

/** Keep the next question back until something is over: Gradio would lose its answer, or end it in place of another. */
export function hold(until) {
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

/** Notice a server that has gone silent or away. */
function watch(turn) {
  turn.heard = performance.now();
  let told = 0; // of what it was last said that it lasts
  const timer = setInterval(async () => {
    const silent = performance.now() - turn.heard;
    if (page.current !== turn) {
      clearInterval(timer);
    } else if (silent > SILENT_FOR_MS && !(await alive()) && page.current === turn) {
      end(turn, "trouble_lost");
    } else if (silent > STILL_AFTER_MS && told !== turn.heard) {
      told = turn.heard;
      say(words("still"));
    }
  }, 1_000);
}

export async function alive() {
  try {
    return (await fetch("./healthz", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

/** Gradio shows its own errors in small windows that name no cause; a sentence in the turn takes their place. */
export async function failed() {
  const turn = page.current;
  forgotten?.(false);
  if (voted) {
    voted(null); // a question that was begun meanwhile waits, so the trouble is not its own
    return;
  }
  if (!turn) return;
  await new Promise((resolve) => setTimeout(resolve, 300)); // the server's own sentence comes first, where it has one
  if (page.current !== turn) return;
  const there = await alive();
  if (page.current === turn) end(turn, there && !isBroken() ? "trouble_refused" : "trouble_lost");
}

/** Have the server forget what it holds of this page; say whether it said that it has. */
export function forgetThere() {
  if (page.current) {
    hold(letGo());
    press("#stop");
  }
  write("", find("#asked textarea, #asked input"));
  const done = haveForgotten(holding);
  hold(done);
  return done;
}

async function haveForgotten(before) {
  await before;
  const told = new Promise((resolve) => {
    forgotten = resolve;
    setTimeout(resolve, FORGETS_WITHIN_MS, false);
  });
  press("#clear");
  return told;
}

/** Hand a vote to the server; return what it says, or null where it says nothing. The next question waits meanwhile. */
export function haveVoted(ballot) {
  const said = sayVote(holding, ballot);
  hold(said);
  return said;
}

async function sayVote(before, ballot) {
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

export function readStep() {
  const text = find("#steps").textContent.trim();
  if (!text) return;
  const step = JSON.parse(atob(text));
  if (step.state === "forgotten") forgotten?.(true);
  else take(step);
}

/** Say how many wait before the question, where it has to wait: Gradio writes "queue: 2/5 | 1.3s" meanwhile. */
export function readPlace() {
  const turn = page.current;
  const [, place] = /queue:\s*(\d+)\//.exec(find("#place").textContent) ?? [];
  if (!place || !turn || turn.place === place) return;
  turn.place = place;
  const told = place === "1" ? words("stage_next") : words("stage_queue", { n: Number(place) - 1 });
  setTimeout(() => {
    if (page.current !== turn || turn.id !== null || turn.place !== place) return;
    turn.stage.lastChild.textContent = told;
    say(told);
  }, QUEUED_FOR_MS);
}

export function readVote() {
  const text = find("#vote").textContent.trim();
  if (text) voted?.(JSON.parse(atob(text)));
}
