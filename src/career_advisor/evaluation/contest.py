"""Several writers over one test set, in one table: how true, how fluent, how dear and how slow each is.

No judge is asked. Truth is what the scores of a run say, and what the check let through and dropped; fluency is only
guessed at, by proxies that anybody can count again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from career_advisor.advisor import NOT_WHOLE, TOO_LITTLE
from career_advisor.evaluation import folder as files
from career_advisor.evaluation.intervals import mean_of, percentiles
from career_advisor.evaluation.metrics import substance
from career_advisor.evaluation.words import plain

NAME = "models"
"""Of the files of a contest: models.json and models.md."""
WHOLE_FROM = 20
"""Means from which the table shows no decimals."""


class Measure(NamedTuple):
    """A column: what it is called, what it means, and what one reply gives for it; None where it says nothing."""

    name: str
    meaning: str
    of: Callable[[Mapping[str, Any]], float | None]


def _score(metric: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda row: row["scores"].get(metric)


def _written(row: Mapping[str, Any]) -> float | None:
    return float(row["reply"]["model"] != "quotes") if _model_asked(row) else None


def _dropped(row: Mapping[str, Any]) -> float | None:
    reply = row["reply"]
    shown = sum(sentence["origin"] == "model" for sentence in reply["sentences"])
    whole = shown + len(reply["dropped"])
    return len(reply["dropped"]) / whole if whole and _model_asked(row) and shown else None


def _own(row: Mapping[str, Any]) -> float | None:
    """Return how many sentences of the model's own stand in the answer."""
    return float(sum(each["origin"] == "model" for each in row["reply"]["sentences"])) if _model_asked(row) else None


def _replaced(row: Mapping[str, Any]) -> float | None:
    """Return how many sentences passed the check, and gave way to quotes because the rest of the answer did not."""
    reasons = [each["reason"] for each in row["reply"]["dropped"]]
    return float(reasons.count(TOO_LITTLE) + reasons.count(NOT_WHOLE)) if _model_asked(row) else None


def _unsupported(row: Mapping[str, Any]) -> float | None:
    """Return the share of a reply's sentences of substance whose citations do not together carry them (ALCE)."""
    recall = row["scores"].get("citation_recall")
    return None if recall is None else 1.0 - recall


def _model_asked(row: Mapping[str, Any]) -> bool:
    return bool(row["reply"].get("usage"))


def _texts(row: Mapping[str, Any]) -> list[str]:
    return [sentence["text"] for sentence in substance(row["reply"])]


def _words(row: Mapping[str, Any]) -> float | None:
    texts = _texts(row)
    return float(sum(len(text.split()) for text in texts)) if texts else None


def _sentence_words(row: Mapping[str, Any]) -> float | None:
    texts = _texts(row)
    return sum(len(text.split()) for text in texts) / len(texts) if texts else None


def _repeats(row: Mapping[str, Any]) -> float | None:
    """Return the share of pairs of words that stood in the answer before: 0 where nothing is said twice."""
    words = plain(" ".join(_texts(row))).split()
    pairs = list(pairwise(words))
    return 1.0 - len(set(pairs)) / len(pairs) if pairs else None


def _tokens(kind: str) -> Callable[[Mapping[str, Any]], float | None]:
    return lambda row: float(row["reply"]["usage"][kind]) if _model_asked(row) else None


def _cost(row: Mapping[str, Any]) -> float | None:
    return row["reply"]["usage"]["cost"] if _model_asked(row) else None


MEASURES = (
    Measure("passed", "cases that pass", lambda row: None if row["passed"] is None else float(row["passed"])),
    Measure("facts", "key facts found, of those a case lists", _score("fact_recall")),
    Measure(
        "unsupported",
        "sentences of substance that their citations do not carry (ALCE), of the answer as it stands in the end: where "
        "`written` is 0 it is of quotes, which carry themselves",
        _unsupported,
    ),
    Measure("exact", "citations whose quote is the document's text", _score("quotes_exact")),
    Measure("written", "answers in the model's words, of those it was asked for", _written),
    Measure("own", "sentences of the model's own in the answer as it stands in the end", _own),
    Measure(
        "replaced",
        "sentences of the model's own that passed the check and stood on the page until quotes took their place: read "
        "them, in `dropped` of results.jsonl, before you call a model harmless",
        _replaced,
    ),
    Measure("dropped", "sentences that the check dropped, of the answers in the model's words", _dropped),
    Measure("words", "words of an answer", _words),
    Measure("words a sentence", "words of a sentence", _sentence_words),
    Measure("said twice", "pairs of words that stood in the answer before", _repeats),
    Measure("tokens asked", "tokens that the model was asked with", _tokens("input_tokens")),
    Measure("tokens written", "tokens that it wrote", _tokens("output_tokens")),
    Measure("cost", "of an answer, in the currency of the prices", _cost),
)


def compare(runs: Sequence[Path]) -> dict[str, Any]:
    """Return every measure of every run: mean, 95 % interval and n; and the wall time of its replies.

    Args:
        runs: Folders of finished runs over the same cases.
    """
    return {
        "machine": files.read_manifest(runs[0])["machine"],
        "date": files.read_manifest(runs[0])["created"][:10],
        "cases": files.read_manifest(runs[0])["cases"],
        "measures": {measure.name: measure.meaning for measure in MEASURES},
        "models": [_of_run(run) for run in runs],
    }


def write(folder: Path, runs: Sequence[Path]) -> dict[str, Any]:
    """Write the table of some runs beside them, as JSON and as Markdown; return it."""
    table = compare(runs)
    files.write_json(folder / f"{NAME}.json", table)
    files.write_text(folder / f"{NAME}.md", describe(table))
    return table


def describe(table: Mapping[str, Any]) -> str:
    """Return the table in Markdown: a row for each measure, a column for each model."""
    models = table["models"]
    of = f"{table['cases']['chosen']} cases, {table['date']}, {table['machine']}"
    lines = [
        f"{of}; mean and 95 % interval, with the n that each is of",
        "",
        f"| | {' | '.join(model['model'] for model in models)} |",
        f"| --- |{' --- |' * len(models)}",
    ]
    for name in table["measures"]:
        if any(model[name]["n"] for model in models):
            lines.append(f"| {name} | {' | '.join(_cell(model[name]) for model in models)} |")
    for name in ("seconds", "seconds to the first words"):
        cells = (
            f"p50 {model[name]['p50']:.1f}, p95 {model[name]['p95']:.1f}" if model[name]["n"] else "–"
            for model in models
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines.append(f"| could not be asked | {' | '.join(str(model['errors']) for model in models)} |")
    lines += ["", *(f"- {name}: {meaning}" for name, meaning in table["measures"].items())]
    return "\n".join(lines) + "\n"


def _of_run(run: Path) -> dict[str, Any]:
    manifest, rows = files.read_manifest(run), files.read_rows(run)
    replied = [row for row in rows if row["reply"]]
    return {
        "model": manifest["model"],
        "prompt": manifest.get("prompt"),
        "errors": len(rows) - len(replied),
        **{measure.name: _mean(measure, replied) for measure in MEASURES},
        "seconds": _seconds(replied, "total"),
        "seconds to the first words": _seconds(replied, "first_text"),
    }


def _mean(measure: Measure, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    given = [(value, row["case"]["id"]) for row in rows if (value := measure.of(row)) is not None]
    return mean_of([value for value, _ in given], [name for _, name in given]).json()


def _seconds(rows: Iterable[Mapping[str, Any]], mark: str) -> Mapping[str, Any]:
    return percentiles([row["reply"]["timings_ms"][mark] / 1000 for row in rows])


def _cell(figure: Mapping[str, Any]) -> str:
    if figure["mean"] is None:
        return "–"
    digits = 0 if figure["mean"] >= WHOLE_FROM else 3
    interval = "" if figure["low"] is None else f" ({figure['low']:.{digits}f} to {figure['high']:.{digits}f})"
    return f"{figure['mean']:.{digits}f}{interval}, n {figure['n']}"
