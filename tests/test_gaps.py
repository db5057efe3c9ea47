"""What guidance leaves open is told by its kind: plainly, and not where it is answered."""

from __future__ import annotations

import numpy as np
import pytest

from career_advisor import answering, listening
from career_advisor.advisor import LIKELY, Advisor
from career_advisor.gaps import NONE, OTHER, Gaps, gaps_for, known_gaps, left_open
from career_advisor.listening import GAP, Heard
from career_advisor.models import LIGHT_ENCODER
from career_advisor.records import Reply

AGE, PAY, REST = np.eye(3, dtype=np.float32)
LEARNT = Gaps(
    ("age", NONE, OTHER, "pay"),
    np.array([[9, 0, 0, 0], [0, 0, 0, 6], [0, 9, 0, 0], [0, 2, 0, 0]], np.float32),
)
"""Of vectors of three numbers: one for questions of age, one for those of pay, one for what is answered."""


def answer(advisor: Advisor, question: str) -> Reply:
    *_, reply = advisor.reply(question)
    assert isinstance(reply, Reply)
    return reply


def test_a_question_is_left_open_as_far_as_it_is_of_any_kind() -> None:
    assert LEARNT.log_odds(AGE) > LEARNT.log_odds(PAY) > 0 > LEARNT.log_odds(REST)
    assert sum(LEARNT.shares(AGE).values()) == pytest.approx(1)


def test_the_likeliest_kind_is_named_where_it_is_likely_enough() -> None:
    assert [kind and kind.key for kind in map(LEARNT.kind_of, (AGE, PAY, REST))] == ["age", "pay", None]


def test_all_kinds_are_named_that_a_message_leaves_open_the_likeliest_first_and_none_that_has_no_line() -> None:
    def named(**odds: float) -> list[str]:
        return [gap.key for gap in left_open(Heard({GAP: odds}, {}))]

    assert named(age=2.0, pay=0.5) == ["age"]
    assert named(age=2.0, visas=1.8, pay=3.0) == ["pay", "age"]
    assert named(other=4.0, pay=-2.0) == []


def test_every_kind_that_is_learnt_has_a_line_and_every_line_is_learnt() -> None:
    learnt = gaps_for(LIGHT_ENCODER)

    assert learnt is not None
    assert set(learnt.kinds) == {NONE, OTHER, *known_gaps()}
    heard = {name.partition("|")[2] for name in listening.network().names if name.startswith(f"{GAP}|")}
    assert heard == {OTHER, *known_gaps()}
    assert gaps_for("another") is None
    assert all(each.lacks and each.lacks[-1] not in ".,;" for each in known_gaps().values())


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("Do labs sponsor visas for software engineers?", "visas"),
        ("Which university is best for a master in machine learning?", "studies"),
        ("Will my epilepsy be a problem when I apply for jobs in AI safety?", "health"),
    ],
)
def test_what_the_guidance_leaves_open_is_named_by_its_kind(shipped_advisor: Advisor, question: str, key: str) -> None:
    reply = answer(shipped_advisor, question)

    assert reply.status in {"partly", "not_covered"}
    assert answering.open_on(known_gaps()[key].lacks).removesuffix(".") in reply.answer


@pytest.mark.slow
def test_no_section_of_the_guidance_is_said_to_be_left_open_where_its_own_question_is_asked(
    shipped_advisor: Advisor,
) -> None:
    lines = [answering.open_on(gap.lacks).removesuffix(".") for gap in known_gaps().values()]
    documents = shipped_advisor._shelves.current().documents.values()
    headings = [section.heading[-1] for each in documents for section in each.sections if section.heading]

    answers = {heading: answer(shipped_advisor, heading).answer for heading in headings[::9]}
    assert len(answers) > 30
    assert [heading for heading, said in answers.items() if any(line in said for line in lines)] == []


def test_what_likely_belongs_in_an_answer_is_shown_also_where_it_is_left_open(shipped_advisor: Advisor) -> None:
    reply = answer(shipped_advisor, "does METR match 401k contributions")

    assert reply.status == "partly"
    assert reply.answer.startswith(answering.open_on(known_gaps()["pay"].lacks))
    assert max(max(hit.belongs) for hit in reply.hits) >= LIKELY
    assert "https://metr.org/careers" in reply.answer


def test_a_story_is_told_what_is_left_open_beside_what_is_answered_and_a_short_question_is_not(
    shipped_advisor: Advisor,
) -> None:
    line = answering.open_on(known_gaps()["visas"].lacks)
    story = (
        "I hold an Iranian passport and finish my master's in Turkey. Most programmes are in Berkeley or London. "
        "Which can I do remotely, and would anybody sponsor a visa for me later on?"
    )

    told = answer(shipped_advisor, story)
    assert told.status == "partly"
    assert (told.sentences[0].origin, told.sentences[-1].text) == ("quote", line)
    assert line not in answer(shipped_advisor, "Which programmes are remote?").answer


def test_of_several_questions_the_one_that_is_left_open_is_named_and_the_others_are_answered(
    shipped_advisor: Advisor,
) -> None:
    told = "Where are jobs listed? And how should I tell my supervisor that I am leaving?"

    reply = answer(shipped_advisor, told)

    assert reply.status == "partly"
    assert "https://jobs.80000hours.org/" in reply.answer
    assert answering.open_on(known_gaps()["manners"].lacks) in reply.answer
