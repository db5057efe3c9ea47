"""Does what a sentence cites carry it? Word by word and clause by clause, beside the sentences that carry it best.

    table       words.toml    -> what is the same, opposite, denying, hedging, counting
    statement   text          -> Statement      tokens, clauses, what is denied
    case        claim, evidence -> Case         which sentence carries each clause
    naming      Case          -> a fault        names, numbers, dates, addresses, and what is said of something else
    strength    Case          -> a fault        all for some, must for may, a condition left out
    polarity    Case          -> a fault        denied for affirmed
    order       Case          -> a fault        who does what to whom
    person      Case          -> a fault        what is said of the person, who did not say it
    amounts     Case          -> a fault        another unit, another rate
    tense       Case          -> a fault        over, open or still so
    judging     text, evidence -> Verdict
    joining     text, statements -> Verdict     of a summary: what somebody said of themselves

No model is asked, and the same is always answered alike. docs/decisions/0011 says how the rules were chosen, and
docs/checking-sentences.md what they catch and miss.
"""

from career_advisor.support.joining import Mood, Said, judge_joined
from career_advisor.support.judging import CARRIED, Verdict, judge

__all__ = ["CARRIED", "Mood", "Said", "Verdict", "judge", "judge_joined"]
