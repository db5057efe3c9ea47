"""A question in another language is read word by word, as far as a dictionary goes, and whoever asked is told how."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from career_advisor import glossing
from career_advisor.advisor import Advisor
from career_advisor.glossing import NOTHING, Dictionary, dictionary_of
from career_advisor.languages import UNSPACED, folded, foreign_language, language_of
from career_advisor.records import Message, Reply

FOLDER = Path(str(resources.files("career_advisor"))) / "dictionaries"
CODES = sorted(path.stem for path in FOLDER.glob("*.tsv"))
ASKED = {
    "de": "Brauche ich einen Doktortitel, um an KI-Sicherheit zu arbeiten?",
    "es": "¿Necesito un doctorado para trabajar en seguridad de la IA?",
    "fr": "Est-ce que j'ai besoin d'un doctorat pour travailler dans la sécurité de l'IA ?",
    "ja": "AI安全の仕事に就くには博士号が必要ですか。",
    "pt": "Eu preciso de um doutorado para trabalhar com segurança de IA?",
    "ru": "Нужна ли мне докторская степень, чтобы работать в безопасности ИИ?",
    "zh": "从事人工智能安全工作需要博士学位吗？",
}
"""Whether one needs a PhD to work in AI safety."""
TOY = Dictionary(
    {"i": "I", "no": "not", "not at all": "never", "the": NOTHING, "ya": "now"},
    {"need": "need", "doctor": "PhD", "give a": "give up"},
    True,
    "Read as: {words}. Quoted in English.",
    "Else ask in English.",
)


def answer(advisor: Advisor, question: str, *history: Message) -> Reply:
    *_, reply = advisor.reply(question, history)
    assert isinstance(reply, Reply)
    return reply


def test_the_longest_phrase_is_read_first_and_a_stem_with_any_ending() -> None:
    reading = TOY.read("I needed the doctorates not at all")

    assert reading.english == "I need PhD never"
    assert reading.share == 1
    assert reading.says == ("Read as:", "need · PhD · never.", "Quoted in English.", "Else ask in English.")


def test_of_the_words_that_were_read_a_denial_is_always_shown_and_what_says_nothing_is_not() -> None:
    assert TOY.read("I no need the doctor").says[1] == "not · need · PhD."


def test_what_is_not_known_counts_against_a_reading_and_a_name_of_a_programme_stays() -> None:
    reading = TOY.read("I need MATS zzzz")

    assert reading.english == "I need MATS"
    assert reading.share == pytest.approx(9 / 13)


def test_marks_that_many_leave_out_make_no_difference() -> None:
    assert folded("Année") == folded("annee") == "annee"
    assert folded("ёлка") == folded("елка")
    assert folded("йод") != folded("иод")


@pytest.mark.parametrize("code", CODES)
def test_a_dictionary_is_well_formed(code: str) -> None:
    says, says_else, *lines = (FOLDER / f"{code}.tsv").read_text("utf-8").splitlines()

    assert says.count("{words}") == 1
    assert says_else
    assert language_of(says.replace("{words}", "")) == code
    assert len(lines) > 1_000
    for line in lines:
        gloss, *forms = line.split("\t")
        assert len(forms) == 1, line
        assert gloss == NOTHING or gloss.isascii(), line
        assert all(form.strip("* ") for form in forms[0].split("|")), line


@pytest.mark.parametrize(("code", "question"), ASKED.items(), ids=ASKED)
def test_a_question_is_answered_in_quotes_behind_how_it_was_read(
    shipped_advisor: Advisor, code: str, question: str
) -> None:
    reply = answer(shipped_advisor, question)
    dictionary = dictionary_of(code)

    assert dictionary is not None
    assert reply.status == "partly"
    before, words, after, otherwise, *rest = reply.sentences
    told = f"{before.text} {words.text} {after.text}".replace(" ", "")
    assert told == dictionary.says.format(words=words.text[:-1]).replace(" ", "")
    assert (before.origin, otherwise.text) == ("fixed", dictionary.says_else)
    assert [language_of(each.text) for each in (before, after)] == [code, code]
    assert language_of(words.text) == "en"
    assert {"PhD", "doctorate"} & set(reply.standalone.split())
    assert any("PhD" in sentence.text or "doctorate" in sentence.text for sentence in rest if sentence.citations)
    assert reply.question == question
    assert reply.answer.count(f"[{len(reply.citations)}]") >= 1


def test_a_follow_up_goes_on_from_what_was_asked_in_the_same_language(shipped_advisor: Advisor) -> None:
    first = "¿Qué es ARENA y cuánto dura?"
    told = answer(shipped_advisor, first)

    reply = answer(
        shipped_advisor, "¿y cuándo es el próximo?", Message("user", first), Message("assistant", told.answer)
    )

    assert "ARENA" in reply.standalone


@pytest.mark.parametrize(
    "question",
    ["No puedo más, quiero quitarme la vida esta noche.", "Je n'en peux plus, j'ai préparé les cachets pour ce soir."],
    ids=["plainly", "as it is read"],
)
def test_who_tells_of_danger_in_another_language_is_told_whom_to_call_in_it(
    shipped_advisor: Advisor, question: str
) -> None:
    reply = answer(shipped_advisor, question)

    language = foreign_language(question)
    assert language is not None
    assert reply.status == "urgent"
    assert reply.sentences[0].text == language.danger
    assert {offer.service.kind for offer in reply.offers} == {"helpline"}


def test_what_is_read_is_not_read_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    echo = TOY._replace(whole={"que": "que", "para": "para", "como": "como", "con": "con"})
    monkeypatch.setattr(glossing, "dictionary_of", lambda code: echo)

    assert echo.read("que para como con").share == 1
    assert glossing.read("que para como con") is None


def test_a_search_is_made_with_what_is_read(shipped_advisor: Advisor) -> None:
    read = glossing.read(ASKED["de"])
    assert read is not None

    queries, hits = shipped_advisor.search(ASKED["de"])

    assert queries.question == read.english
    assert [hit.heading for hit in hits] == [hit.heading for hit in shipped_advisor.search(read.english)[1]]


@pytest.mark.parametrize(
    "question", ["zzz yyy xxx est une de la qui que vous", "Merci beaucoup pour tout et à bientôt, bonne journée !"]
)
def test_what_is_not_read_or_is_no_question_is_asked_for_in_english(shipped_advisor: Advisor, question: str) -> None:
    reply = answer(shipped_advisor, question)

    language = foreign_language(question)
    assert language is not None
    assert reply.status == "clarify"
    assert language.says in reply.answer


def test_english_is_read_by_no_dictionary() -> None:
    assert glossing.read("Do I need a PhD to work on AI safety?") is None
    assert dictionary_of("en") is None
    assert dictionary_of("xx") is None


def test_a_language_without_spaces_is_read_by_its_longest_strings() -> None:
    assert {"ja", "zh"} == UNSPACED
    chinese = dictionary_of("zh")
    assert chinese is not None
    assert chinese.read("MATS需要博士学位吗").english.startswith("MATS need")
