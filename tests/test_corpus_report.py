"""The check of the writing finds what it should, names facts by their ids, and keeps the talk's words to itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import corpus
from writing import Fact, Place, faults, near_duplicates, reading_ease, shared_runs, syllables, use_of
from writing import runs_of as runs

SOURCE = "https://example.org/fellowship"
PAGE = """---
title: Fellowships
author: A
after: A's page
url: https://example.org/fellowship
date: 2026-05
kind: our summary
licence: CC BY 4.0
sources:
  - https://example.org/fellowship
---

# Fellowships

## What does the Hill Fellowship pay?

{sentences}

<!--
as_of: 2026-05
{sources}ask:
  - money there
-->
"""
SOURCES = "sources:\n  - https://example.org/fellowship\n"
ANOTHER = "sources:\n  - https://example.org/another\n"
GOOD = "The Hill Fellowship pays 900 dollars a month for two months in Oslo."
FACT = {"id": "f1", "fact": "The Hill Fellowship in Oslo pays $900 a month for 2 months.", "source_url": SOURCE}


def place(*sentences: str, heading: str = "", source: str = SOURCE) -> Place:
    return Place("page.md", heading, sentences, (source,), own_sources=True)


def fact(text: str, source: str = SOURCE) -> Fact:
    return Fact("f1", text, source)


# ---------------------------------------------------------------- the rules


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Rob Miles recommends trying.", []),
        ("There is no list of all of them.", []),
        ("This helps beginners.", ["points outside itself"]),
        ("However, Rob Miles recommends trying.", ["points outside itself"]),
        ("Rob Miles recommends", ["has no end"]),
        (" ".join(["word"] * 31) + ".", ["31 words"]),
    ],
)
def test_a_sentence_that_cannot_be_quoted_alone_is_found(sentence: str, found: list[str]) -> None:
    assert faults(sentence) == found


def test_sections_that_say_the_same_are_found_in_other_forms_of_the_words() -> None:
    one, same, other = place("Apply early to fellowships."), place("A fellowship: apply early!"), place("Read papers.")

    assert [(a, b) for a, b, _ in near_duplicates([one, other, same])] == [(one, same)]


def test_eight_words_in_a_row_are_found_at_their_full_length_whatever_the_punctuation() -> None:
    talk = runs("and then the old grey cat sleeps on the warm stone wall by the river")

    found = shared_runs([place('He says: "The old, grey cat: sleeps on the warm, stone wall. There is a song."')], talk)

    assert [" ".join(run.words) for run in found] == ["the old grey cat sleeps on the warm stone wall"]
    assert shared_runs([place("The old grey cat sleeps on the warm.")], talk) != []
    assert shared_runs([place("Old grey cat sleeps on the warm.")], talk) == []


def test_names_and_addresses_are_nobodys_wording() -> None:
    long_name = "the UK AI Security Institute and the US Center for AI Standards and Innovation"
    address = "see https://www.example.org/a/b/c/d/e/f/g/h/i for more"

    assert shared_runs([place(f"Governments run {long_name} as well.")], runs(long_name)) == []
    assert shared_runs([place(f"Please {address}.")], runs(address)) == []


# ---------------------------------------------------------------- facts


def test_a_fact_is_used_where_its_source_is_named_and_its_words_and_figures_stand() -> None:
    use = use_of(fact(FACT["fact"]), [place(GOOD)])

    assert (use.verdict, use.figures_missing) == ("used", ())


def test_two_sections_that_speak_of_a_fact_may_share_its_figures() -> None:
    money, time = (
        place("The Hill Fellowship pays 900 dollars a month."),
        place("The Hill Fellowship in Oslo takes 2 months."),
    )

    assert use_of(fact(FACT["fact"]), [money, time]).verdict == "used"
    assert use_of(fact(FACT["fact"]), [money]).figures_missing == ("2",)


@pytest.mark.parametrize(
    ("said", "source", "verdict"),
    [
        ("The Hill Fellowship pays 800 dollars a month for two months in Oslo.", SOURCE, "unsure"),
        ("Fellowships in Oslo pay each month.", SOURCE, "unsure"),
        ("Robots are strong.", SOURCE, "nowhere"),
        (GOOD, "https://example.org/another", "nowhere"),
    ],
)
def test_a_fact_that_lacks_its_figure_its_words_or_its_source_is_not_called_used(
    said: str, source: str, verdict: str
) -> None:
    use = use_of(fact(FACT["fact"]), [place(said, source=source)])

    assert use.verdict == verdict
    assert (use.elsewhere is not None) == (source != SOURCE)


# ---------------------------------------------------------------- reading ease


def test_syllables_are_counted_right_nine_times_of_ten() -> None:
    counted = {
        1: "maths free paid learn true friend guide call launched thinks",
        2: "paper being rewrite purpose coder founder maker payment hopeful science",
        3: "beginner deadline mentorship scholarship reliance library volunteer museum idea",
        4: "technology philosophy beneficial scientific experience psychology operations",
        5: "university opportunity electricity organisation",
    }
    right = [syllables(word) == count for count, each in counted.items() for word in each.split()]

    assert sum(right) / len(right) >= 0.9


def test_plain_words_read_more_easily_than_learned_ones() -> None:
    # By hand: 6 words, 6 syllables, 1 sentence.
    assert reading_ease(["The cat sat on the mat."]) == pytest.approx(206.835 - 1.015 * 6 - 84.6)
    assert reading_ease(["Institutional interpretability necessitates organisational deliberation."]) < 0
    with pytest.raises(ValueError, match="no words"):
        reading_ease(["https://example.org/"])


# ---------------------------------------------------------------- the report


def lay(folder: Path, sentences: str = GOOD, sources: str = SOURCES) -> list[str]:
    pages = folder / "pages"
    pages.mkdir()
    (pages / "fellowships.md").write_text(PAGE.format(sentences=sentences, sources=sources), "utf-8")
    (folder / "facts.jsonl").write_text(json.dumps(FACT) + "\n", "utf-8")
    (folder / "talk.txt").write_text("well I think that you should really go and do it for your own sake", "utf-8")
    return [
        *("--corpus", str(pages), "--facts", str(folder / "facts.jsonl")),
        *("--talk", str(folder / "talk.txt"), "--judged", str(folder / "judged.toml")),
    ]


def test_a_page_in_order_has_nothing_to_mend_and_names_its_facts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = corpus.main([*lay(tmp_path), "--json"])
    report = json.loads(capsys.readouterr().out)

    assert (code, report["mend"], report["look"]) == (0, [], [])
    assert report["pages"][0]["page"] == "fellowships.md"
    assert report["pages"][0]["facts"] == ["f1"]
    assert report["pages"][0]["sources"] == [SOURCE]


@pytest.mark.parametrize(
    ("sentences", "sources", "what"),
    [
        (GOOD, "", "without a source"),
        (f"{GOOD} It ends soon.", SOURCES, "sentence"),
        (f"{GOOD} You should really go and do it for your own sake.", SOURCES, "the talk's words"),
        (f"{GOOD} The Hill Fellowship in Oslo pays $900 a month for 2 months.", SOURCES, "a fact's words"),
        (GOOD, ANOTHER, "fact used nowhere"),
    ],
)
def test_what_must_be_mended_is_listed_and_fails(
    sentences: str, sources: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = corpus.main(lay(tmp_path, sentences, sources))

    assert code == 1
    assert f"\n{what}: " in capsys.readouterr().out


def test_a_fact_that_a_person_judged_fails_nothing_and_a_judgement_of_no_fact_does(tmp_path: Path) -> None:
    arguments = lay(tmp_path, GOOD, ANOTHER)
    (tmp_path / "judged.toml").write_text('[left_out]\nf1 = "out of date"\n', "utf-8")
    judged = corpus.main(arguments)
    (tmp_path / "judged.toml").write_text('[left_out]\nf1 = "out of date"\nf9 = "gone"\n', "utf-8")

    assert (judged, corpus.main(arguments)) == (0, 1)


def test_the_report_that_is_kept_has_no_word_of_the_talk_or_of_a_fact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "RESULT", tmp_path / "corpus.md")
    copied = (
        "You should really go and do it for your own sake. The Hill Fellowship in Oslo pays $900 a month for 2 months."
    )

    corpus.main([*lay(tmp_path, copied), "--write"])
    kept = (tmp_path / "corpus.md").read_text("utf-8")

    assert "12 words in a row of f1" in kept
    assert "the talk's words: fellowships.md: What does the Hill Fellowship pay?: 11 words in a row" in kept
    assert "own sake" not in kept
    assert "Oslo" not in kept


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        corpus.main(["--facts", str(tmp_path / "none.jsonl")])

    assert ended.value.code == 2
