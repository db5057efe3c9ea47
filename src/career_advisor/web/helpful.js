// Whether an answer helped, where the operator asks for it.

import { haveVoted, isVoting } from "./asking.js";
import { calm, find, make, page, say, tooMuch } from "./elements.js";
import { putWords, words } from "./words.js";

/** Ask it, quietly. Nothing is sent before a person presses "Yes", or "Send" in the form that "No" opens. */
export function helpful(turn) {
  if (turn.voted?.on === answerOf(turn)) return thanks(turn); // also where the same answer came again
  const asked = find("#helpful-template").content.cloneNode(true).firstElementChild;
  const form = find("form", asked);
  const number = page.turns.indexOf(turn) + 1;
  putWords(asked);
  find("[role=group]", asked).setAttribute("aria-label", words("helpful"));
  find(".reasons", asked).append(...page.facts.feedback.reasons.map((key) => make("label", { class: "reason" }, make("input", { type: "radio", name: `reason-${number}`, value: key }), make("span", {}, words(`reason_${key}`)))));
  find("[type=text]", asked).dataset.limit = page.facts.feedback.limit;
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

export function showComplaint(asked, open) {
  const form = find("form", asked);
  form.hidden = !open;
  tellOfVote(asked, "");
  find(".no", asked).setAttribute("aria-expanded", String(open));
  if (open) form.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
  find(open ? "[type=radio]" : ".no", asked).focus({ preventScroll: open });
}

function complain(turn, asked) {
  const reason = find("[type=radio]:checked", asked)?.value;
  const trouble = reason && tooMuch(asked);
  if (trouble) {
    tellOfVote(asked, trouble);
  } else if (reason) {
    vote(turn, asked, { helped: false, reason, words: find("[type=text]", asked).value });
  } else {
    tellOfVote(asked, words("reasonless"));
    find("[type=radio]", asked).focus();
  }
}

function tellOfVote(asked, trouble) {
  const line = find(".trouble", asked);
  line.textContent = trouble;
  line.hidden = !trouble;
  if (!trouble) return;
  say(trouble);
  line.scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" }); // on a phone the form is longer than the window
}

/** Send a vote and say what became of it. The next question waits meanwhile: Gradio's errors don't say whose they are. */
async function vote(turn, asked, ballot) {
  if (page.current || isVoting()) {
    tellOfVote(asked, words("busy"));
    return;
  }
  const came = await haveVoted(JSON.stringify({ turn: turn.id, ...ballot }));
  if (!came?.kept) {
    tellOfVote(asked, words(came?.says ?? "vote_lost"));
    return;
  }
  turn.voted = { on: answerOf(turn), says: came.says, code: came.code };
  const said = thanks(turn);
  asked.replaceWith(said);
  said.focus();
}

const answerOf = (turn) => JSON.stringify(turn.reply.paragraphs);

const thanks = ({ voted }) => make("p", { class: "thanks", tabindex: "-1" }, words(voted.says, { code: voted.code }));
