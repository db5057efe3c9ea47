"""Checks the writing of the corpus: `python benchmarks/corpus.py [--facts FACTS.jsonl] [--talk TALK.txt] [--write]`.

Reports for each page its sections, words, reading ease, facts and their sources; then everything that must be mended:
sections without a source, sentences that are too long or point outside themselves, sections that say the same, runs of
eight words shared with the talk or with a fact, and facts that are used nowhere. What only a person can judge is listed
beside it and fails nothing. Exit code: 0 nothing to mend, 1 something, 2 wrong use.

The rules stand in writing.py. Facts that a person has judged, because the rule could not, stand in sets/facts.toml.
`--write` puts the report into results/corpus.md, with facts named by their ids: no sentence of theirs or of the talk.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from career_advisor import files
from career_advisor.records import AdvisorError
from career_advisor.referral import load_registry
from career_advisor.settings import shipped_corpus
from machine import commit, today
from writing import (
    REGISTRY,
    UNSURE,
    USED,
    Fact,
    Place,
    Use,
    entries,
    faults,
    near_duplicates,
    places,
    read_facts,
    reading_ease,
    runs_of,
    shared_runs,
    use_of,
)

HERE = Path(__file__).parent
JUDGED = HERE / "sets" / "facts.toml"
RESULT = HERE / "results" / "corpus.md"


class Judged(NamedTuple):
    """What a person found of the facts that the rule cannot judge, by id."""

    used: dict[str, str]
    """Where it is said, in a word or two."""
    left_out: dict[str, str]
    """Why it stands nowhere."""


@dataclass(frozen=True, slots=True)
class Page:
    """The figures of one page; the registry is a page of its own."""

    page: str
    sections: int
    sentences: int
    words: int
    words_per_sentence: float
    reading_ease: float
    facts: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matter:
    """Something to mend, or to look at."""

    what: str
    page: str
    heading: str
    said: str
    """What is wrong, without a word of the talk or of a fact."""
    words: str = ""
    """The words themselves, for the terminal only."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found."""

    pages: tuple[Page, ...]
    uses: tuple[Use, ...]
    mend: tuple[Matter, ...]
    look: tuple[Matter, ...]


def examine(
    sections: Sequence[Place],
    registry: Sequence[Place],
    facts: Sequence[Fact] = (),
    talk: str = "",
    judged: Judged | None = None,
) -> Report:
    """Check the sections and the registry's entries against the rules, the facts and the talk."""
    judged = judged or Judged({}, {})
    uses = tuple(use_of(fact, [*sections, *registry]) for fact in facts)
    mend = [
        *_unsourced([*sections, *registry]),
        *_unquotable(sections),
        *_alike(sections),
        *_copied(sections, talk, facts),
    ]
    look: list[Matter] = []
    for use in uses:
        if use.verdict == "used" or use.fact in judged.used or use.fact in judged.left_out:
            continue
        (mend if use.verdict == "nowhere" else look).append(_matter_of(use))
    known = {fact.id: fact for fact in facts}
    for name in (*judged.used, *judged.left_out):
        if facts and name not in known:
            mend.append(Matter("judged", JUDGED.name, "", f"{name} is not among the facts"))
    return Report(_pages(sections, registry, uses), uses, tuple(mend), tuple(look))


def _unsourced(where: Sequence[Place]) -> list[Matter]:
    return [
        Matter("without a source", each.page, each.heading, "names no source") for each in where if not each.own_sources
    ]


def _unquotable(sections: Sequence[Place]) -> list[Matter]:
    return [
        Matter("sentence", each.page, each.heading, fault, sentence)
        for each in sections
        for sentence in each.sentences
        for fault in faults(sentence)
    ]


def _alike(sections: Sequence[Place]) -> list[Matter]:
    return [
        Matter("alike", one.page, one.heading, f"{share:.2f} like {other.page}: {other.heading}")
        for one, other, share in near_duplicates(sections)
    ]


def _copied(sections: Sequence[Place], talk: str, facts: Sequence[Fact]) -> list[Matter]:
    found = [
        Matter(
            "the talk's words",
            run.place.page,
            run.place.heading,
            f"{len(run.words)} words in a row",
            " ".join(run.words),
        )
        for run in shared_runs(sections, runs_of(talk))
    ]
    for fact in facts:
        found += [
            Matter(
                "a fact's words",
                run.place.page,
                run.place.heading,
                f"{len(run.words)} words in a row of {fact.id}",
                " ".join(run.words),
            )
            for run in shared_runs(sections, runs_of(fact.text))
        ]
    return found


def _matter_of(use: Use) -> Matter:
    if use.place is None:
        said = f"{use.fact}: no place names its source"
        page = heading = ""
    else:
        page, heading = use.place.page, use.place.heading
        lacking = f", without {', '.join(use.figures_missing)}" if use.figures_missing else ""
        said = f"{use.fact}: {use.share:.2f} of its words{lacking}"
    if use.elsewhere is not None:
        said += f"; without its source in {use.elsewhere.page}: {use.elsewhere.heading}"
    return Matter("fact used nowhere" if use.verdict == "nowhere" else "fact, unsure", page, heading, said)


def _pages(sections: Sequence[Place], registry: Sequence[Place], uses: Sequence[Use]) -> tuple[Page, ...]:
    rows = []
    for name in dict.fromkeys(place.page for place in (*sections, *registry)):
        own = [place for place in (*sections, *registry) if place.page == name]
        sentences = [sentence for place in own for sentence in place.sentences]
        count = sum(len(sentence.split()) for sentence in sentences)
        rows.append(
            Page(
                page=name,
                sections=len(own),
                sentences=len(sentences),
                words=count,
                words_per_sentence=round(count / len(sentences), 1),
                reading_ease=round(reading_ease(sentences), 1),
                facts=tuple(
                    u.fact for u in uses if u.verdict == "used" and u.place is not None and u.place.page == name
                ),
                sources=tuple(dict.fromkeys(source for place in own for source in place.sources)),
            )
        )
    return tuple(rows)


# ---------------------------------------------------------------- the report


def plain(report: Report) -> str:
    """Return the report for a terminal."""
    lines = [f"{'page':44}{'sections':>9}{'words':>7}{'a sentence':>12}{'ease':>6}{'facts':>7}{'sources':>9}"]
    for each in report.pages:
        lines.append(
            f"{each.page:44}{each.sections:>9}{each.words:>7}{each.words_per_sentence:>12}{each.reading_ease:>6}"
            f"{len(each.facts):>7}{len(each.sources):>9}"
        )
        lines += [f"    facts: {' '.join(each.facts)}"] if each.facts else []
        lines += [f"    {source}" for source in each.sources] if each.page != REGISTRY else []
    for title, matters in (("To mend", report.mend), ("To look at", report.look)):
        lines += ["", f"{title}: {len(matters)}"]
        lines += [f"{each.what}: {_where(each)}{each.said}" for each in matters if not each.words]
        lines += [f"{each.what}: {_where(each)}{each.said}: {each.words}" for each in matters if each.words]
    return "\n".join(lines)


def markdown(report: Report, given: str) -> str:
    """Return the report to keep: figures, headings and ids."""
    used = sum(use.verdict == "used" for use in report.uses)
    open_ids = {matter.said.partition(":")[0] for matter in (*report.mend, *report.look)}
    judged = sum(use.verdict != "used" and use.fact not in open_ids for use in report.uses)
    lines = [
        "# The writing of the corpus",
        "",
        f"`python benchmarks/corpus.py {given}`, commit {commit()}, {today()}.",
        "",
        f"{sum(p.sections for p in report.pages if p.page != REGISTRY)} sections on "
        f"{sum(p.page != REGISTRY for p in report.pages)} pages; {used} of {len(report.uses)} facts are used by the "
        f"rule, {judged} more in the judgement of a reader (sets/facts.toml). "
        f"To mend: {len(report.mend)}. For a person to look at: {len(report.look)}.",
        "",
        f"A section (or an entry of the registry) speaks of a fact where it names its source and has {UNSURE:.0%} of "
        f"its content words; the fact is used where those that speak of it have {USED:.0%} of the words and all its "
        "figures between them, and nowhere, where none speaks of it. Facts stand at the page that says most of them. "
        "Ease is Flesch's, by an approximation (writing.py): 60 to 70 is plain English, below 30 an academic paper.",
        "",
        "| page | sections | words | words a sentence | ease | sources | facts |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *(
            f"| {p.page} | {p.sections} | {p.words} | {p.words_per_sentence} | {p.reading_ease} | {len(p.sources)} "
            f"| {' '.join(p.facts) or '–'} |"
            for p in report.pages
        ),
    ]
    if report.uses:
        lines += ["", *_curve(report.uses)]
    for title, matters in (("To mend", report.mend), ("To look at", report.look)):
        lines += ["", f"## {title}", ""]
        lines += [f"- {each.what}: {_where(each)}{each.said}" for each in matters] or ["Nothing."]
    return "\n".join(lines) + "\n"


def _curve(uses: Sequence[Use]) -> list[str]:
    tenths = range(10)
    counts = [sum(min(int(10 * use.share), 9) == tenth for use in uses) for tenth in tenths]
    return [
        "Facts by the share of their content words in the places that speak of them:",
        "",
        "| share | " + " | ".join(f"{tenth / 10:.1f}" for tenth in tenths) + " |",
        "| --- |" + " ---: |" * len(counts),
        "| facts | " + " | ".join(map(str, counts)) + " |",
    ]


def _where(matter: Matter) -> str:
    return f"{matter.page}: {matter.heading}: " if matter.heading else ""


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as JSON values."""
    return {
        "pages": [asdict(each) for each in report.pages],
        "facts": [
            {
                "id": use.fact,
                "verdict": use.verdict,
                "page": use.place.page if use.place else None,
                "heading": use.place.heading if use.place else None,
                "share": round(use.share, 3),
                "figures_missing": list(use.figures_missing),
            }
            for use in report.uses
        ],
        "mend": [asdict(each) for each in report.mend],
        "look": [asdict(each) for each in report.look],
    }


def read_judged(path: Path) -> Judged:
    """Read what a person has judged; nothing where there is no file."""
    tables = tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
    return Judged(tables.get("used", {}), tables.get("left_out", {}))


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the shipped corpus, or another; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--corpus", type=Path, help="folder of pages and services.toml; default: the shipped one")
    parser.add_argument("--facts", type=Path, help="the facts that it is written from, JSONL")
    parser.add_argument("--talk", type=Path, help="a text of which no eight words in a row may stand in it")
    parser.add_argument(
        "--judged", type=Path, default=JUDGED, help="facts that a person judged; default: sets/facts.toml"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="also write results/corpus.md beside this")
    given = parser.parse_args(arguments)
    corpus = given.corpus or shipped_corpus()
    try:
        reading = files.read([corpus])
        registry = entries(load_registry(corpus / REGISTRY).services) if (corpus / REGISTRY).is_file() else ()
        facts = read_facts(given.facts) if given.facts else ()
        talk = given.talk.read_text("utf-8") if given.talk else ""
    except (AdvisorError, OSError, ValueError, KeyError) as fault:
        parser.error(f"cannot be read: {fault}")
    report = examine(places(reading.documents), registry, facts, talk, read_judged(given.judged))
    unread = tuple(Matter("page", each.path, "", each.reason) for each in reading.failed)
    report = Report(report.pages, report.uses, (*unread, *report.mend), report.look)
    print(json.dumps(as_json(report), ensure_ascii=False, indent=2) if given.json else plain(report))
    if given.write:
        inputs = " ".join(f"--{name} {path.name}" for name in ("facts", "talk") if (path := getattr(given, name)))
        RESULT.write_text(markdown(report, inputs), "utf-8")
    return 1 if report.mend else 0


if __name__ == "__main__":
    sys.exit(main())
