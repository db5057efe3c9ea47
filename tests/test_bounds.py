"""What nobody can do by reading: requests for it are known, and questions that only look like them are not."""

from __future__ import annotations

import pytest

from career_advisor.bounds import bound_of


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ("I've seen something internally that contradicts what my lab says in public. Who can I tell?", "confidential"),
        ("A friend told me in confidence that his team is for show. Is that so?", "confidential"),
        ("Does my non-compete stop me from joining a nonprofit?", "law"),
        ("Can I legally be paid by a US fellowship from here? I live under sanctions.", "law"),
        ("Is it legal to publish that, and may my employer sue me?", "law"),
        ("Does my severance agreement forbid me to join a lab?", "law"),
        ("Could you look through my CV and tell me what to cut?", "paper"),
        ("Here's my cover letter: docs.google.com/d/1", "paper"),
        ("can u email her for me", "act"),
        ("Can you check whether my application has been received?", "act"),
        ("Convince me that this isn't a fad.", "challenge"),
        ("isn't ai safety a bit of a cult", "challenge"),
    ],
)
def test_what_no_guidance_can_do_is_known(message: str, key: str) -> None:
    bound = bound_of(message)

    assert bound is not None
    assert bound.key == key


@pytest.mark.parametrize(
    "message",
    [
        "I have a law degree; can I work on AI governance?",
        "What do legal scholars do in AI policy?",
        "What should stand in a CV?",
        "How do I improve my research statement?",
        "Should I publish on GitHub?",
        "Can you tell me whom I could write to, or which form to submit?",
        "How do I convince my parents that this is a career?",
        "What does Rob Miles know about labs?",
        "What is whistleblowing?",
        "I was laid off with five months' severance. Is there an incubator for founders?",
    ],
)
def test_a_question_that_guidance_may_answer_is_none_of_these(message: str) -> None:
    assert bound_of(message) is None


def test_what_is_asked_beside_other_questions_is_an_aside() -> None:
    law = bound_of("Does my NDA forbid it?")
    assert law is not None

    assert law.is_aside(["Is there an incubator?", "Does my NDA forbid it?"])
    assert law.is_all(["Does my NDA forbid it?"])
    assert not law.is_all(["Is there an incubator?", "Does my NDA forbid it?"])
    assert not law.is_aside(["Does my NDA forbid it?"])
    assert not law.is_aside(["Does my NDA forbid it?", "Is there an incubator?"])
    assert not law.is_aside(["Is there an incubator?", "Does my NDA forbid it?", "Can they sue me?"])


def test_what_guidance_answers_too_is_no_aside() -> None:
    doubt = bound_of("Convince me that this isn't a fad.")
    assert doubt is not None
    assert doubt.asks

    assert not doubt.is_aside(["Which courses are free?", "Convince me that this isn't a fad."])
