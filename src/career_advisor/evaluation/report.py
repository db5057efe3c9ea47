"""The report of a run: one HTML file that needs no network, made from the three files of a run folder.

Every text in it was written by somebody else: a corpus, a test set, a language model. So each is put through `neutral`
and escaped on its way into the template, the script of the page only shows and hides what is there, and a
Content-Security-Policy behind both allows nothing but that script and that style, by their hashes.

What is checked again here (which fact was found, where the gold stands among the passages) is for pointing at it; what
passed, and every figure, is read from the run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, cast
from urllib.parse import quote

from career_advisor import neutral
from career_advisor.evaluation import folder as files
from career_advisor.evaluation import plots, words
from career_advisor.evaluation.cases import STATUSES, Case
from career_advisor.evaluation.metrics import MEANINGS
from career_advisor.evaluation.passages import COVERED
from career_advisor.records import WrongUse

NO_SHARES = frozenset({"words_to_answer", "auroc"})
"""Metrics that are not written in per cent."""

Result: TypeAlias = Literal["failed", "error", "unscored", "passed"]
Look: TypeAlias = Literal["", "fact", "forbidden", "cite"]
RESULTS: tuple[Result, ...] = ("failed", "error", "unscored", "passed")
"""In the order in which the cases are listed."""

_MARKER = re.compile(r"\[\d{1,3}\]")
_BETWEEN = r"(?:\s*\[\d+\])*\s+"
_ALIKE = ("'‘’", '"“”', "-–—‑")
_LABELS = {"ndcg@10": "nDCG@10", "auroc": "AUROC"}
# Letters and signs of which `neutral.plain` keeps every one: most texts are of nothing else, and need no second look.
_ORDINARY = re.compile("[\n\t -~\u00a1-\u00ac\u00ae-\u024f\u2010-\u2027\u2030-\u205e\u20ac]*")


class Open(dict[str, Any]):
    """An object of a run: what it lacks is None, for an older or broken-off run may lack much."""

    def __missing__(self, key: str) -> None:
        return None


class Stretch(NamedTuple):
    """Some words of an answer and what they are: a fact, a forbidden statement, a citation's number, or nothing."""

    text: str
    look: Look


class Support(NamedTuple):
    """A gold quote, and where it was found."""

    document: str
    quote: str
    rank: int | None
    """Of the first passage that holds at least COVERED of it; None where none does."""
    cited: bool


class Wanted(NamedTuple):
    """Something that a case asks for, in its alternatives, and whether it is there."""

    alternatives: tuple[str, ...]
    there: bool


class Passage(NamedTuple):
    """A passage that was found."""

    hit: Mapping[str, Any]
    legs: str
    gold: bool
    cited: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the results, as the report shows it."""

    place: int
    """Position in the results, from 1: names it in the page."""
    case: Case
    repeat: int
    result: Result
    unseen: bool
    """Whether the question holds characters that a reader would not see; they are not in the report either."""
    standalone: str
    """The question as it was searched for; empty where that is the question itself."""
    reply: Mapping[str, Any]
    status: str
    answer: tuple[Stretch, ...]
    gold: tuple[Support, ...]
    facts: tuple[Wanted, ...]
    forbidden: tuple[Wanted, ...]
    services: tuple[Wanted, ...]
    passages: tuple[Passage, ...]
    scores: tuple[tuple[str, float | None], ...]
    confidence: float | None
    why: tuple[str, ...]
    error: str
    reworded: tuple[tuple[str, str], ...]
    """The question in other words, and the answer to that."""

    @property
    def expected(self) -> str:
        """The row of the status matrix that it counts in."""
        return "/".join(status for status in STATUSES if status in self.case.expect)

    @property
    def silent(self) -> bool:
        """Whether there is a reply, and it stands on nothing."""
        return bool(self.reply) and not self.reply["citations"]


class Metric(NamedTuple):
    """A mean over cases; `mean`, `low` and `high` are None where no case was scored."""

    name: str
    mean: float | None
    low: float | None
    high: float | None
    n: int
    silent: int
    unscored: int

    @property
    def is_share(self) -> bool:
        """Whether it lies between 0 and 1, so that it can be drawn beside the others."""
        return self.mean is not None and self.name not in NO_SHARES

    @property
    def meaning(self) -> str:
        """What it is, in words; empty for one that this version does not know."""
        return MEANINGS.get(self.name, "")


UNKNOWN = Metric("passed", None, None, None, 0, 0, 0)
"""Of cases none of which got a reply: that is not zero."""


class Group(NamedTuple):
    """The cases of one kind or with one tag."""

    name: str
    n: int
    passed: int
    rate: Metric
    silent: int
    unscored: int
    metrics: Mapping[str, Metric]

    @property
    def failed(self) -> int:
        """Cases that were scored and did not pass."""
        return self.n - self.passed - self.unscored


class Confusion(NamedTuple):
    """A row of the status matrix."""

    expected: str
    cells: tuple[tuple[str, int, bool, int], ...]
    """Of each status that came: its name, how often, whether it was right, and how dark the cell is, 0 to 4."""
    n: int


def write_report(folder: Path) -> Path:
    """Write the report of a run into its folder and return where it is.

    Args:
        folder: Has the run's manifest.json, results.jsonl and summary.json; half a line at the end is left out.

    Raises:
        WrongUse: If one of them is missing or malformed.
    """
    manifest, summary, rows = files.read_manifest(folder), files.read_summary(folder), files.read_rows(folder)
    try:
        page = _render(opened(manifest), opened(rows), opened(summary))
    except (AttributeError, LookupError, TypeError, ValueError) as fault:
        told = f"{type(fault).__name__}: {fault}"
        raise WrongUse(f"{folder} is not a run that this version can show ({told}); make the run anew") from fault
    path = folder / files.REPORT
    files.write_text(path, page)
    return path


def _render(manifest: Open, results: Sequence[Open], summary: Open) -> str:
    """Return the report as HTML; the results in the order in which they were asked."""
    import jinja2

    sources = {suffix: _source(f"report.{suffix}") for suffix in ("html", "css", "js")}
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters |= {
        "in_address": in_address,
        "percent": percent,
        "figure": figure,
        "label": label,
        "link": neutral.safe_url,
        "day": day,
    }
    environment.globals |= {"across": plots.across, "plot": plots}
    entries = [_entry(place, line) for place, line in enumerate(results, start=1)]
    entries.sort(key=lambda entry: RESULTS.index(entry.result))
    kinds = _groups(summary["by_kind"] or {}, entries, lambda case: (case.kind,))
    tags = _groups(summary["by_tag"] or {}, entries, lambda case: case.tags)
    latencies = [float(total) for entry in entries if (total := (entry.reply["timings_ms"] or Open())["total"])]
    latency = summary["latency_ms"] or Open()
    statuses = summary["statuses"] or {}
    metrics = {name: _metric(name, value) for name, value in (summary["metrics"] or {}).items()}
    return environment.from_string(sources["html"]).render(
        css=sources["css"],
        js=sources["js"],
        policy=policy(sources["css"], sources["js"]),
        manifest=manifest,
        summary=summary,
        rate=metrics.get("passed", UNKNOWN),
        metrics=metrics,
        auroc=_metric("auroc", summary["auroc"] or Open()),
        latency=latency,
        gates=summary["gates"] or (),
        kinds=kinds,
        tags=sorted(tags, key=lambda group: (-group.failed, -group.n, group.name)),
        plot_kinds=plots.whiskers(
            [plots.Share(_cut(group.name), f"{group.passed} of {group.n}", *group.rate[1:4]) for group in kinds]
        ),
        plot_risk=plots.risk_coverage([(float(c), float(r)) for c, r in summary["risk_coverage"] or ()]),
        plot_latency=plots.histogram(
            latencies, [(name, float(latency[name])) for name in ("p50", "p95") if latency[name] is not None]
        ),
        got=_got(statuses),
        confusion=_confusion(statuses),
        entries=entries,
        counts={
            "result": Counter(entry.result for entry in entries),
            "kind": Counter(entry.case.kind for entry in entries),
            "half": Counter(entry.case.half for entry in entries if entry.case.half),
            "tag": Counter(tag for entry in entries for tag in dict.fromkeys(entry.case.tags)),
            "status": Counter(entry.status for entry in entries if entry.status),
        },
        results=RESULTS,
    )


def policy(css: str, js: str) -> str:
    """Return the Content-Security-Policy of a page with one style and one script, and nothing from anywhere."""
    style, script = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (css, js))
    return (
        f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


# ---------------------------------------------------------------- figures


def percent(share: float | None) -> str:
    """Return a share in per cent.

    >>> percent(0.8125), percent(1), percent(None)
    ('81.3\u202f%', '100\u202f%', '–')
    """
    if share is None:
        return "–"
    return f"{round(share * 100 + 1e-9, 1):.3g}\u202f%" if abs(share) < 1 else f"{share * 100:.0f}\u202f%"


def figure(value: float | None) -> str:
    """Return a number that is no share, with three digits that count.

    >>> figure(12.345), figure(1234.6), figure(0.5), figure(None)
    ('12.3', '1,235', '0.5', '–')
    """
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004


def label(name: str) -> str:
    """Return what a metric is called in a sentence.

    >>> label("ndcg@10"), label("fact_recall")
    ('nDCG@10', 'fact recall')
    """
    return _LABELS.get(name, name.replace("_", " "))


def day(moment: object) -> str:
    """Return a time in the ISO form as a person writes it; what is none comes back as it is.

    >>> day("2026-11-25T19:48:09+00:00")
    '25 November 2026, 19:48 UTC'
    """
    try:
        at = datetime.fromisoformat(str(moment))
    except ValueError:
        return str(moment)
    return f"{at.day} {at:%B %Y, %H:%M} {at.tzname() or ''}".strip()


def in_address(text: str) -> str:
    """Return a text, as the page shows it, in the form in which it may stand behind the # of an address.

    >>> in_address("near miss & co")
    'near%20miss%20%26%20co'
    """
    return quote(neutral.plain(text), safe="")


def _metric(name: str, value: Mapping[str, Any]) -> Metric:
    mean, low, high = (None if value[key] is None else float(value[key]) for key in ("mean", "low", "high"))
    n, silent, unscored = (int(value[key] or 0) for key in ("n", "silent", "unscored"))
    return Metric(name, mean, low, high, n, silent, unscored)


def _groups(table: Mapping[str, Any], entries: Sequence[Entry], names: Callable[[Case], Sequence[str]]) -> list[Group]:
    groups = []
    for name, value in table.items():
        members = [entry for entry in entries if name in names(entry.case)]
        metrics = {key: _metric(key, each) for key, each in (value["metrics"] or {}).items()}
        n, passed = int(value["n"]), int(value["passed"])
        unscored = len({e.case.id for e in members} - {e.case.id for e in members if e.result in {"passed", "failed"}})
        silent = len(
            {e.case.id for e in members if e.silent} - {e.case.id for e in members if e.reply and not e.silent}
        )
        groups.append(Group(name, n, passed, metrics.get("passed", UNKNOWN), silent, unscored, metrics))
    return groups


def _got(statuses: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return the statuses that came, the most frequent first."""
    seen: Counter[str] = Counter()
    for row in statuses.values():
        seen.update(row)
    return [name for name, _ in seen.most_common()]


def _confusion(statuses: Mapping[str, Mapping[str, int]]) -> list[Confusion]:
    rows = []
    for expected, row in sorted(statuses.items(), key=lambda each: -sum(each[1].values())):
        n = sum(row.values())
        right = expected.split("/") if expected else list(row)
        cells = [(got, row.get(got, 0), got in right, -(-4 * row.get(got, 0) // max(n, 1))) for got in _got(statuses)]
        rows.append(Confusion(expected, tuple(cells), n))
    return rows


# ---------------------------------------------------------------- cases


def _entry(place: int, line: Mapping[str, Any]) -> Entry:
    case, reply = Case.of(line["case"]), line["reply"] or Open()
    hits, citations = line["hits"] or (), reply["citations"] or ()
    answer = reply["answer"] or ""
    compared = words.plain(answer)
    shown = {each["id"] for each in reply["services"] or ()}
    standalone = reply["standalone_question"] or ""
    return Entry(
        place=place,
        case=case,
        repeat=line["repeat"] or 0,
        result=_result(line),
        unseen=len(neutral.plain(case.question)) < len(case.question.replace("\r\n", "\n")),
        standalone="" if standalone.split() == case.question.split() else standalone,
        reply=reply,
        status=reply["status"] or "",
        answer=_stretches(answer, case.facts, case.forbidden),
        gold=tuple(_support(each.document, each.quote, hits, citations) for each in case.gold),
        facts=tuple(Wanted(each, any(words.says(compared, way) for way in each)) for each in case.facts),
        forbidden=tuple(Wanted((each,), words.says(compared, each)) for each in case.forbidden),
        services=tuple(Wanted((each,), each in shown) for each in case.services),
        passages=tuple(
            Passage(
                hit,
                ", ".join(f"{leg} {rank}" for leg, rank in (hit["legs"] or {}).items()),
                any(_holds(hit["document"], hit["text"], each.document, each.quote) for each in case.gold),
                any(each["document"] == hit["document"] and each["quote"] in hit["text"] for each in citations),
            )
            for hit in hits
        ),
        scores=tuple((line["scores"] or {}).items()),
        confidence=line["confidence"],
        why=tuple(line["why"] or ()),
        error=line["error"] or "",
        reworded=tuple((line["reworded"] or {}).items()),
    )


def _result(line: Mapping[str, Any]) -> Result:
    if line["error"]:
        return "error"
    passed = line["passed"]
    return "unscored" if passed is None else "passed" if passed else "failed"


def _support(
    document: str, quote: str, hits: Sequence[Mapping[str, Any]], citations: Sequence[Mapping[str, Any]]
) -> Support:
    ranks = [hit["rank"] for hit in hits if _holds(hit["document"], hit["text"], document, quote)]
    cited = any(_holds(each["document"], each["quote"], document, quote) for each in citations)
    return Support(document, quote, min(ranks, default=None), cited)


def _holds(page: str, stretch: str, document: str, quote: str) -> bool:
    """Tell whether a stretch of a page holds enough of a quote to have found it."""
    return page == document and _overlap(stretch, quote) >= COVERED * len(quote)


def _overlap(stretch: str, quote: str) -> int:
    """Return how many characters two stretches of one document share.

    Both stand in it as they are, so one is inside the other, or the end of one is the beginning of the other. (A run
    does not keep the documents, so offsets of the gold are not known here.)

    >>> _overlap("one two", "two three"), _overlap("one two three", "two"), _overlap("one", "six")
    (3, 3, 0)
    """
    if quote in stretch or stretch in quote:
        return min(len(quote), len(stretch))
    return next(
        (
            length
            for length in range(min(len(quote), len(stretch)), 0, -1)
            if quote.endswith(stretch[:length]) or quote.startswith(stretch[-length:])
        ),
        0,
    )


def place_of(statement: str, answer: str) -> tuple[int, int] | None:
    """Return where a statement stands in an answer as it was written; `words.says` decides whether it does.

    Capitals, the shape of quotation marks and dashes, spaces, and numbers of citations in between don't count.

    >>> place_of("no stipend", "It pays No [1]  stipend.")
    (8, 23)
    """
    parts = ["".join(map(_sign, part)) for part in statement.split()]
    match = parts and re.search(r"(?<![a-z0-9])" + _BETWEEN.join(parts), answer, re.IGNORECASE)
    return match.span() if match else None


def _sign(sign: str) -> str:
    alike = next((signs for signs in _ALIKE if sign in signs), sign)
    return "[" + re.escape(alike) + "]" if len(alike) > 1 else re.escape(sign)


def _stretches(answer: str, facts: Sequence[Sequence[str]], forbidden: Sequence[str]) -> tuple[Stretch, ...]:
    """Cut an answer where something in it is to be pointed at; the stretches together are the answer."""
    marked: list[tuple[int, int, Look]] = []
    for look, spans in (
        ("forbidden", [place_of(each, answer) for each in forbidden]),
        ("fact", [place_of(way, answer) for each in facts for way in each]),
        ("cite", [match.span() for match in _MARKER.finditer(answer)]),
    ):
        for start, end in filter(None, spans):
            if all(end <= before or start >= after for before, after, _ in marked):
                marked.append((start, end, cast("Look", look)))
    stretches, at = [], 0
    for start, end, look in sorted(marked):
        stretches += [Stretch(answer[at:start], ""), Stretch(answer[start:end], look)]
        at = end
    return tuple(stretch for stretch in (*stretches, Stretch(answer[at:], "")) if stretch.text)


# ---------------------------------------------------------------- texts and files


def _finalize(value: object) -> object:
    """Take what is unseen out of a text that goes into the page; jinja escapes what comes back."""
    if value is None:
        return ""
    if type(value) is not str or _ORDINARY.fullmatch(value):
        return value
    return neutral.plain(value)


def _cut(name: str, limit: int = 30) -> str:
    return neutral.line(name, limit=limit)


def _source(name: str) -> str:
    return resources.files("career_advisor.evaluation").joinpath(name).read_text("utf-8")


def opened(value: Any) -> Any:
    """Return a value of JSON with every object in it an `Open`."""
    if isinstance(value, dict):
        return Open({key: opened(each) for key, each in value.items()})
    return [opened(each) for each in value] if isinstance(value, list) else value
