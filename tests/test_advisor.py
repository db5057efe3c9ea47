"""Whole replies, over the shipped corpus and over speech that nobody punctuated, with the real encoder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from career_advisor.advisor import Advisor, _by_question
from career_advisor.llm import open_model
from career_advisor.opening import build_index, open_advisor, shipped_cases
from career_advisor.prompting import Turn
from career_advisor.records import DraftSentence, Message, ModelUnavailable, Piece, Reply
from career_advisor.settings import Settings
from tests.llm_server import language_model_server
from tests.shipped import written_by

SPEECH = (
    "so the first thing that I would say about gardens is that you don't need to be born with green fingers and "
    "most of the people I know who grow tomatoes started with one pot on a windowsill and the thing about "
    "tomatoes is that they want sun and they want water in the morning and not on the leaves because wet leaves "
    "get blight and once you have blight you lose the whole crop and then people often ask me about compost and I "
    "tell them that compost is just patience because you pile up kitchen scraps and dry leaves and you turn it "
    "every two weeks and after half a year you have the best soil that money can't buy okay so now slugs "
    "everybody hates slugs and there are a lot of tricks but what works for me is going out at night with a torch "
    "and picking them up by hand "
) * 2


def quiet(what: str, done: int, total: int | None) -> None:
    """Show no progress."""


def settings(home: Path) -> Settings:
    return Settings(home=home, encoder="all-MiniLM-L6-v2")


@pytest.fixture
def advisor(shipped_advisor: Advisor) -> Advisor:
    return shipped_advisor


@pytest.fixture(scope="module")
def gardener(tmp_path_factory: pytest.TempPathFactory) -> Advisor:
    home = tmp_path_factory.mktemp("speech")
    (home / "talk.txt").write_text(SPEECH)
    build_index(settings(home), [home / "talk.txt"], progress=quiet)
    return open_advisor(settings(home), progress=quiet)


def answer(advisor: Advisor, question: str, history: Sequence[Message] = ()) -> Reply:
    *_, reply = advisor.reply(question, history)
    assert isinstance(reply, Reply)
    return reply


def conversation(advisor: Advisor, *questions: str) -> list[Reply]:
    history: list[Message] = []
    replies = []
    for question in questions:
        replies.append(answer(advisor, question, history))
        history += [Message("user", question), Message("assistant", replies[-1].answer)]
    return replies


def hold_together(reply: Reply, texts: dict[str, str]) -> None:
    """Check what contract and reader rely on in every reply."""
    numbers = {int(number) for number in re.findall(r"\[(\d+)\]", reply.answer)}
    assert numbers == {citation.number for citation in reply.citations}
    assert numbers == {number for sentence in reply.sentences for number in sentence.citations}
    for citation in reply.citations:
        assert citation.quote == texts[citation.document][citation.start : citation.end]
    for sentence in reply.sentences:
        assert bool(sentence.citations) == (sentence.origin != "fixed")


def texts(advisor: Advisor) -> dict[str, str]:
    return {path: document.text for path, document in advisor._shelves.current().documents.items()}


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Do I need a PhD?", "not strictly need a PhD"),
        ("should i do a doctorate before anything else", "Adam Gleave"),
        ("What is ARENA?", "ARENA"),
        ("How do I deal with being turned down by every programme?", "reject"),
    ],
)
def test_a_question_that_the_corpus_answers_is_answered_in_its_own_words(
    question: str, words: str, advisor: Advisor
) -> None:
    reply = answer(advisor, question)

    assert reply.status == "answered"
    assert words in reply.answer
    assert 2 <= len([s for s in reply.sentences if s.origin == "quote"]) <= 6
    assert reply.follow_ups
    hold_together(reply, texts(advisor))


@pytest.mark.parametrize(
    ("question", "statuses"),
    [
        ("What will the salary of an interpretability lead at OpenAI be in 2031?", {"not_covered", "partly"}),
        ("What does Taylor Swift think about mechanistic interpretability?", {"not_covered", "partly"}),
        ("How long should I boil potatoes?", {"off_topic"}),
        ("I want to kill myself", {"urgent"}),
        ("Write a quote in which Rob Miles says a PhD is compulsory", {"refused"}),
        ("hello", {"small_talk"}),
        ("   ", {"invalid"}),
        ("a" * 5_000, {"invalid"}),
    ],
)
def test_what_cannot_be_answered_is_said_plainly(question: str, statuses: set[str], advisor: Advisor) -> None:
    reply = answer(advisor, question)

    assert reply.status in statuses
    assert reply.answer
    hold_together(reply, texts(advisor))


@pytest.mark.parametrize("question", ["am i too old at 43 lol", "no degree, any chance?"])
def test_a_question_whose_answer_is_found_is_on_the_subject_without_a_word_of_it(
    question: str, advisor: Advisor
) -> None:
    assert answer(advisor, question).status in {"answered", "partly"}


def test_no_number_is_said_to_be_missing_above_a_sentence_that_gives_it(advisor: Advisor) -> None:
    reply = answer(advisor, "how many are they in all, worldwide, who work on AI safety?")

    assert "1,100" in reply.answer
    assert "don't give a number" not in reply.answer


def test_whoever_wants_an_alternative_is_told_of_others(advisor: Advisor) -> None:
    reply = answer(advisor, "What are alternatives to MATS?")

    assert reply.hits
    assert not any("MATS" in hit.heading[-1] for hit in reply.hits)
    assert "mats" not in {offer.service.id for offer in reply.offers}


def test_somebody_in_danger_gets_numbers_from_the_registry_and_nothing_else(advisor: Advisor) -> None:
    reply = answer(advisor, "I don't want to be alive anymore")

    assert "988" in reply.answer
    assert "116 123" in reply.answer
    assert {offer.service.kind for offer in reply.offers} == {"helpline"}
    assert reply.follow_ups == ()
    assert reply.citations == ()


def test_a_forged_quote_is_refused_and_what_the_sources_do_say_is_shown(advisor: Advisor) -> None:
    reply = answer(advisor, "Make up a quote in which Rob Miles says that a PhD is compulsory.")

    assert reply.status == "refused"
    assert all(sentence.origin in {"quote", "fixed"} for sentence in reply.sentences)
    assert "compulsory" not in reply.answer


def test_a_follow_up_is_understood_from_the_question_before(advisor: Advisor) -> None:
    first, second = conversation(advisor, "Do I need a PhD to work on AI safety?", "and for engineers?")

    assert "PhD" in second.standalone
    assert second.status in {"answered", "partly"}
    assert first.answer != second.answer


def test_nothing_is_said_twice_in_a_conversation_while_there_is_something_else_to_say(advisor: Advisor) -> None:
    replies = conversation(
        advisor, "I was rejected and feel like giving up", "I keep getting rejected and want to give up", "Why bother?"
    )

    quoted = [s.text for reply in replies[:2] for s in reply.sentences]
    assert len(quoted) == len(set(quoted))


def test_the_same_question_gets_the_same_answer(advisor: Advisor) -> None:
    one, other = (answer(advisor, "How do I find a job in AI safety?") for _ in range(2))

    assert one.answer == other.answer
    assert [o.service.id for o in one.offers] == [o.service.id for o in other.offers]


def test_every_follow_up_that_is_suggested_is_answered(advisor: Advisor) -> None:
    for question in answer(advisor, "Is it a good idea to work at a frontier lab?").follow_ups:
        assert answer(advisor, question).status == "answered", question


def test_each_of_several_questions_has_a_paragraph_of_its_own(advisor: Advisor) -> None:
    told = "I finished my PhD in biology. Do I need to learn to code, and where are jobs listed?"

    of = {sentence.text: sentence.paragraph for sentence in answer(advisor, told).sentences}

    coding = {paragraph for text, paragraph in of.items() if "software engineering" in text}
    listed = {paragraph for text, paragraph in of.items() if "job board" in text}
    assert len(coding) == len(listed) == 1
    assert coding != listed


def test_what_says_little_on_either_question_stays_with_its_section(advisor: Advisor) -> None:
    pool = advisor.search("Do I need a PhD?")[1][:2]
    drafts = [(1, DraftSentence(str(i), (at,), "quote")) for i, at in enumerate((0, 1, 0, 1))]
    reads = [[2.0, -3.0], [-3.0, 2.0], [-3.0, -2.0], [-4.0, -4.0]]

    parts = _by_question([(0, DraftSentence("Ours.", (), "fixed")), *drafts], pool, reads)

    assert pool[0].heading != pool[1].heading
    assert [(place, draft.text) for place, draft in parts] == [(0, "Ours."), (1, "0"), (1, "2"), (2, "1"), (2, "3")]


def test_nothing_is_said_to_be_missing_that_a_page_answers(advisor: Advisor) -> None:
    told = "I'm a physics PhD student in Poland. Should I finish the degree, and how do I find a mentor?"

    assert "little or nothing" not in answer(advisor, told).answer


@pytest.mark.slow
def test_whatever_was_asked_each_suggestion_leads_to_an_answer_and_on_to_another(advisor: Advisor) -> None:
    followed = 0
    for line in shipped_cases().read_text("utf-8").splitlines()[::20]:  # 22 of all kinds, declined and off topic too
        case = json.loads(line)
        history = [Message(**told) for told in case.get("history", ())]

        def ask(question: str, history: list[Message]) -> tuple[Reply, list[Message]]:
            reply = answer(advisor, question, history)
            return reply, [*history, Message("user", question), Message("assistant", reply.answer)]

        first, told = ask(case["question"], history)
        for suggested in first.follow_ups:
            second, went_on = ask(suggested, told)
            assert second.status == "answered", (case["id"], suggested)
            assert second.citations
            assert not {*second.follow_ups} & {message.content for message in went_on}, "nobody is led in a circle"
            for further in second.follow_ups[:1]:
                third, _ = ask(further, went_on)
                assert third.status == "answered", (case["id"], suggested, further)
                followed += 1
    assert followed > 40


def test_the_page_begins_with_questions_that_are_answered_and_with_people(advisor: Advisor) -> None:
    assert len(advisor.examples) == 4
    assert {answer(advisor, question).status for question in advisor.examples} == {"answered"}
    assert "80k-advising" in {service.id for service in advisor.human_services}
    assert advisor.pages > 10


def test_speech_without_punctuation_is_quoted_in_whole_words_and_long_enough_to_be_understood(
    gardener: Advisor,
) -> None:
    reply = answer(gardener, "How do I get rid of slugs?")

    assert reply.status in {"answered", "partly"}
    quote = reply.citations[0].quote
    start, end = reply.citations[0].start, reply.citations[0].end
    assert "slugs" in quote
    assert len(quote.split()) >= 15
    assert start == 0 or SPEECH[start - 1].isspace()
    assert end == len(SPEECH) or SPEECH[end].isspace()
    hold_together(reply, texts(gardener))


PLAIN_TALK = (
    "so people ask me how do i get into ai safety and the first thing i say is that you do not need a phd to "
    "work on ai safety you can start with engineering and a lot of the people who work in ai safety research "
    "are engineers and what you do is you read papers and you build the thing the papers describe and when you "
    "are stuck on a paper you ask somebody who wrote it and most of the time they answer and that is how you "
    "learn alignment research from nothing "
)


@pytest.mark.slow
def test_of_guidance_unlike_that_which_was_measured_nobody_claims_to_know_that_it_only_comes_near(
    tmp_path: Path,
) -> None:
    (tmp_path / "talk.txt").write_text(PLAIN_TALK)
    build_index(settings(tmp_path), [tmp_path / "talk.txt"], progress=quiet)
    question = "Does somebody answer if I write to the author of a paper?"

    reply = answer(open_advisor(settings(tmp_path), progress=quiet), question)

    assert reply.status == "answered"
    assert "most of the time they answer" in reply.answer


def test_what_is_off_topic_depends_on_what_was_read(gardener: Advisor, advisor: Advisor) -> None:
    question = "When should I water my tomatoes?"

    assert answer(gardener, question).status in {"answered", "partly"}
    assert answer(advisor, question).status == "off_topic"


# ---------------------------------------------------------------- with a language model


class ScriptedModel:
    """Writes what it was told, and remembers what it was asked."""

    name = "scripted"

    def __init__(self, *pieces: str, breaks: bool = False) -> None:
        self.pieces, self.breaks = pieces, breaks
        self.asked: list[Sequence[Turn]] = []

    def stream(self, messages: Sequence[Turn]) -> Iterator[str]:
        self.asked.append(messages)
        yield from self.pieces
        if self.breaks:
            raise ModelUnavailable("The language model broke off.")


def test_a_models_sentences_are_shown_where_they_hold_and_dropped_where_they_do_not(advisor: Advisor) -> None:
    model = ScriptedModel(
        "You do not strictly need a PhD to work on AI safety, Rob Miles says. [1] ",
        "Rob Miles earned 400,000 dollars in 2019. [1]",
    )

    reply = answer(written_by(model, advisor), "Do I need a PhD to work on AI safety?")

    assert reply.model == "scripted"
    assert [sentence.origin for sentence in reply.sentences] == ["model"]
    assert "400,000" not in reply.answer
    assert len(reply.dropped) == 1
    hold_together(reply, texts(advisor))


@pytest.mark.parametrize(
    "model",
    [
        ScriptedModel("Everybody needs a PhD from Oxford. [1] The moon is made of cheese. [2]"),
        ScriptedModel("You do not strictly need", breaks=True),
        ScriptedModel(""),
        ScriptedModel("The passages don't say."),
    ],
    ids=["invents", "breaks off", "says nothing", "declines"],
)
def test_when_a_model_fails_the_quotes_answer_and_the_reply_says_so(model: ScriptedModel, advisor: Advisor) -> None:
    reply = answer(written_by(model, advisor), "Do I need a PhD to work on AI safety?")

    assert reply.model == "quotes"
    assert reply.notice
    assert "not strictly need a PhD" in reply.answer
    hold_together(reply, texts(advisor))


def test_no_model_is_asked_about_what_must_be_declined(advisor: Advisor) -> None:
    model = ScriptedModel("I'd boil them for an hour. [1]")

    reply = answer(written_by(model, advisor), "How long should I boil potatoes?")

    assert model.asked == []
    assert reply.status == "off_topic"


def test_no_model_is_asked_to_do_what_no_guidance_can(advisor: Advisor) -> None:
    model = ScriptedModel("Done: I have written to her. [1]")

    reply = answer(written_by(model, advisor), "Can you write to her for me? And do I need a PhD to work on AI safety?")

    assert model.asked == []
    assert reply.answer.startswith("I can't do that for you")
    assert "PhD" in reply.answer


def test_the_law_is_told_of_behind_what_answers_the_other_questions(advisor: Advisor) -> None:
    asked = "Do I need a PhD to work on AI safety? And does my NDA forbid me to join another lab?"

    reply = answer(advisor, asked)

    assert reply.citations
    assert reply.sentences[0].origin == "quote"
    assert reply.sentences[-1].text.startswith("What a contract or the law allows I can't tell")
    assert reply.status == "partly"
    assert "found little or nothing" not in reply.answer


def test_a_conversation_with_a_real_server(advisor: Advisor) -> None:
    with language_model_server() as server:
        server.say = lambda request: [
            "You do not strictly need ",
            "a PhD to work on AI safety, Rob Miles says. [1] See https://evil.example/x now. [1]",
        ]
        speaking = written_by(open_model("double", base_url=server.address), advisor)
        pieces = list(speaking.reply("Do I need a PhD to work on AI safety?"))
        history = [Message("user", "Do I need a PhD to work on AI safety?"), Message("assistant", "No.")]
        *_, second = speaking.reply("and as an engineer?", history)

    *_, reply = pieces
    assert isinstance(reply, Reply)
    assert isinstance(second, Reply)
    assert reply.model == "openai:double"
    assert "evil.example" not in reply.answer
    assert "".join(piece.text for piece in pieces if isinstance(piece, Piece)).strip().startswith("You do not")
    prompts = [request["messages"][-1]["content"] for request in server.asked]
    assert "[1]" in prompts[0]
    assert len(prompts) >= 1
    hold_together(reply, texts(advisor))


@pytest.mark.slow
def test_the_smallest_real_language_model_does_no_harm(advisor: Advisor) -> None:
    from career_advisor import models

    weights = models.find("smollm2-135m-instruct", Settings().weights)
    model = open_model("local", weights=lambda: next(weights.glob("*.gguf")), tokens=60)

    reply = answer(written_by(model, advisor), "Do I need a PhD to work on AI safety?")

    assert reply.status == "answered"
    assert reply.answer
    hold_together(reply, texts(advisor))


def test_not_this_said_of_what_was_understood_changes_the_answer(advisor: Advisor) -> None:
    question = "I have kept applying to fellowships and was turned down by all of them. What should I do now?"
    *_, before = advisor.reply(question)
    *_, behind = advisor.reply(question, ignore={"rejected"})
    assert isinstance(before, Reply)
    assert isinstance(behind, Reply)

    assert [each.key for each in before.understood] == ["rejected"]
    assert behind.understood == ()
    assert behind.answer != before.answer
