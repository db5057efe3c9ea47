"""Finding, measured beside the usual ways of finding.

    python benchmarks/retrieval.py                                 the shipped corpus, by wordings held out of it
    python benchmarks/retrieval.py FOLDER                          corpus.jsonl, queries.jsonl, qrels.tsv
    python benchmarks/retrieval.py FOLDER --questions SET.jsonl    pages, and a test set as `evaluate run` takes it
    python benchmarks/retrieval.py --transcript TALK.txt --questions SET.jsonl --half development

Every system gets the same encoder, the same questions and the same text. What it returns is read word by word in the
order of its ranking: a question is answered within 150 words if at least half of one of its gold stretches is among
the first 150, and `all of it` asks for 95 % of the stretch. Where whole documents are judged, a document stands where
its best stretch does. Intervals are 95 % percentile bootstraps over the questions; differences from ours are paired.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import bm25s
import ir_measures
import numpy as np
import numpy.typing as npt
from ir_measures import R, nDCG
from langchain_text_splitters import RecursiveCharacterTextSplitter
from Stemmer import Stemmer
from tokenizers import Tokenizer

from career_advisor import chunking, conversation, grounding, interaction, models, retrieval
from career_advisor.embedding import Encoder, Pieces
from career_advisor.files import read
from career_advisor.index.cache import VectorCache
from career_advisor.records import Document, EncoderIdentity, Passage, Section, Span, Window
from career_advisor.settings import Settings
from machine import commit, machine, today

RESULTS = Path(__file__).parent / "results"
CORPUS = Path(__file__).parent.parent / "corpus"
SENTENCES = CORPUS / "vectors" / "interaction.npz"
BUDGETS = (150, 300, 500)
HALF, ALL = 0.5, 0.95
RESAMPLES = 2_000
RANK_CONSTANT = 60  # Cormack, Clarke & Büttcher, SIGIR 2009, doi:10.1145/1571941.1572114
DEPTH = 60
"""Stretches asked of each system: enough for 500 words and for ten documents."""
HELD_OUT_EVERY = 5
"""Of the shipped corpus's wordings one in so many is held out and asked."""

STEMMER = Stemmer("english")

Scores: TypeAlias = npt.NDArray[np.float32]
Values: TypeAlias = npt.NDArray[np.float64]


class Stretch(NamedTuple):
    """Where an answer stands, or what a system returned."""

    document: str
    start: int
    end: int


Ranking: TypeAlias = list[Stretch]
System: TypeAlias = Callable[[str, Scores], Ranking]
"""Takes a question and its vector."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to find."""

    id: str
    text: str
    gold: tuple[Stretch, ...]
    """Any one of them answers it; a whole document where documents are judged."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is searched, and for what."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]
    judged: str
    """"words" or "documents"."""


# ---------------------------------------------------------------- tasks


def public_set(folder: Path, every: int) -> Task:
    """Read a folder in BEIR's form; with `every`, the documents of one title in so many, and their questions."""
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    kept = set(sorted({row["title"] for row in rows})[::every])
    documents = tuple(
        _plain(row["_id"], row["text"], row["title"]) for row in rows if row["title"] in kept and row["text"].strip()
    )
    relevant: dict[str, list[str]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(query, []).append(document)
    there = {document.path: document for document in documents}
    questions = []
    for line in (folder / "queries.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        gold = tuple(Stretch(path, 0, len(there[path].text)) for path in relevant.get(row["_id"], ()) if path in there)
        if gold:
            questions.append(Question(row["_id"], row["text"], gold))
    name = folder.name if every == 1 else f"{folder.name}-every-{every}"
    return Task(name, documents, tuple(questions), "documents")


def transcript(path: Path, sets: Sequence[Path], half: str) -> Task:
    """Read one plain text, indexed by itself, and questions whose gold is offsets in it.

    A question that has a `standalone` wording is asked in that.
    """
    document = read([path]).documents[0]
    questions = []
    for row in _lines(sets):
        if half in (row.get("half"), "all"):
            gold = tuple(Stretch(document.path, g["start"], g["end"]) for g in row["gold"])
            questions.append(Question(row["id"], row.get("standalone") or row["question"], gold))
    return Task(f"talk-{half}", (document,), tuple(questions), "words")


def pages(folder: Path, sets: Sequence[Path]) -> Task:
    """Read pages, and those questions of a test set that name quotes as their gold."""
    documents = read([folder]).documents
    texts = {document.path: document.text for document in documents}
    questions = []
    for row in _lines(sets):
        gold = []
        for place in row.get("gold", ()):
            start = texts[place["document"]].find(place["quote"])
            if start < 0:
                raise SystemExit(f"{row['id']}: the quote is not in {place['document']}")
            gold.append(Stretch(place["document"], start, start + len(place["quote"])))
        if gold:
            questions.append(Question(row["id"], row["question"], tuple(gold)))
    return Task(folder.name, documents, tuple(questions), "words")


def held_out_wordings(folder: Path) -> Task:
    """Take one in HELD_OUT_EVERY of the corpus's other wordings out of it; the section's words are the gold."""
    documents, questions = [], []
    seen = 0
    for document in read([folder]).documents:
        sections = []
        for section in document.sections:
            kept = []
            for wording in section.wordings:
                seen += 1
                if seen % HELD_OUT_EVERY:
                    kept.append(wording)
                else:
                    gold = Stretch(document.path, section.blocks[0].start, section.blocks[-1].end)
                    questions.append(Question(f"w{seen}", wording, (gold,)))
            sections.append(replace(section, wordings=tuple(kept)))
        documents.append(replace(document, sections=tuple(sections)))
    return Task("corpus-wordings", tuple(documents), tuple(questions), "words")


def _lines(sets: Sequence[Path]) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sets for line in path.read_text("utf-8").splitlines() if line.strip()]


def _plain(path: str, text: str, title: str) -> Document:
    return Document(path, text, title, (Section((), (Span(0, len(text)),)),))


# ---------------------------------------------------------------- systems


class Bm25:
    """bm25s with its usual constants (k1 1.5, b .75), English stems and stop words."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._index = bm25s.BM25()
        self._index.index([tokens or ["\0"] for tokens in _tokens(texts)], show_progress=False)
        self._length = len(texts)

    def scores(self, question: str) -> Scores:
        """Return one score a text; zeros where no word is shared."""
        known = [token for token in _tokens([question])[0] if token in self._index.vocab_dict]
        if not known:
            return np.zeros(self._length, np.float32)
        return np.asarray(self._index.get_scores(known), np.float32)


def _tokens(texts: Sequence[str]) -> list[list[str]]:
    found: list[list[str]] = bm25s.tokenize(
        list(texts), stopwords="en", stemmer=STEMMER, return_ids=False, show_progress=False
    )
    return found


class MemoryShelf:
    """An index in memory: satisfies `records.Shelf`."""

    def __init__(self, documents: Sequence[Document], encoder: VectorCache) -> None:
        self.id = "memory"
        self.built = ""
        self.encoder: EncoderIdentity = encoder.identity
        self.documents: Mapping[str, Document] = {document.path: document for document in documents}
        chunks = [chunking.split(document) for document in documents]
        self.passages: list[Passage] = [passage for chunk in chunks for passage in chunk.passages]
        self.windows: list[Window] = [window for chunk in chunks for window in chunk.windows]
        self.vectors = encoder.encode([window.text for window in self.windows])
        self._words = Bm25(
            [t for d, c in zip(documents, chunks, strict=True) for t in chunking.lexical_texts(d, c.passages)]
        )

    def lexical(self, question: str) -> Scores:
        """Return BM25 scores of the passages' surroundings."""
        return self._words.scores(question)


def ours(
    documents: Sequence[Document],
    encoder: VectorCache,
    weights: retrieval.Weights,
    compares: interaction.Interaction | None = None,
) -> System:
    """Search as the advisor does: in what is about its field it compares word by word, too.

    Not in its own pages, which the network for that was taught by, other wordings and all.
    """
    shelf = MemoryShelf(documents, encoder)
    sentences = None
    if compares is not None and grounding.is_about(conversation.FIELD, documents):
        sentences = interaction.Sentences(shelf, compares, interaction.load(SENTENCES))

    def search(question: str, vector: Scores) -> Ranking:
        asked = retrieval.Search((question,), vector[None], DEPTH)
        answering = sentences.asked(question) if sentences is not None else None
        if answering is not None and answering.taught == 0.0:
            asked = asked._replace(answering=answering.odds, taught=0.0)
        (hits,) = retrieval.retrieve_each([asked], shelf, weights=weights)
        return [Stretch(hit.document.path, hit.start, hit.end) for hit in hits]

    return search


def ablations(
    documents: Sequence[Document],
    encoder: VectorCache,
    weights: retrieval.Weights,
    compares: interaction.Interaction,
) -> dict[str, System]:
    """Return our own search with one part of it taken away each."""

    def changed(module: Any, **values: Any) -> System:
        """Search with these constants of a module, which are what the parts hang on."""

        @contextmanager
        def patched() -> Iterator[None]:
            kept = {name: getattr(module, name) for name in values}
            for name, value in values.items():
                setattr(module, name, value)
            try:
                yield
            finally:
                for name, value in kept.items():
                    setattr(module, name, value)

        with patched():
            search = ours(documents, encoder, weights, compares)

        def again(question: str, vector: Scores) -> Ranking:
            with patched():
                return search(question, vector)

        return again

    return {
        "ours without word by word": ours(documents, encoder, weights),
        "ours without the theme taken out": changed(retrieval, THEME_NEEDS=10**9),
        "ours with the mean of the windows": changed(retrieval, SHARPNESS=0.01),
        "ours with all sizes equal": changed(retrieval, SIZE_WEIGHTS=(1.0,)),
        "ours with windows of 48 words only": changed(chunking, SIZES=(48,)),
        "ours without headings in small windows": changed(chunking, WITH_HEADING=0),
        "ours without BM25": ours(documents, encoder, weights._replace(lexical=0.0), compares),
        "ours without other wordings": ours(documents, encoder, weights._replace(wording=0.0), compares),
        "the notes' way: mean over sizes, nothing else": changed(
            retrieval,
            THEME_NEEDS=10**9,
            SHARPNESS=0.01,
            SIZE_WEIGHTS=(1.0,),
            ANSWERING_UNTAUGHT=0.0,
            FIRST_ANSWERING_UNTAUGHT=0.0,
        ),
    }


def peers(documents: Sequence[Document], encoder: VectorCache, tokens: Callable[[str], int]) -> dict[str, System]:
    """Return the usual ways: one size of chunk, BM25, and both by equal reciprocal ranks."""
    titles = {document.path: document.title for document in documents}
    usual = _chunks(documents, 1000, 200, len)
    words = Bm25([f"{titles[chunk.document]}\n{text}" for chunk, text in usual])
    dense_usual = _dense(usual, encoder)
    stretches = [chunk for chunk, _ in usual]

    def lexical(question: str, _: Scores) -> Values:
        scores = words.scores(question).astype(np.float64)
        return np.where(scores > 0, scores, -np.inf)

    def fused(question: str, vector: Scores) -> Values:
        both = np.zeros(len(stretches))
        for scores in (dense_usual(question, vector), lexical(question, vector)):
            order = np.argsort(-scores, kind="stable")
            found = order[np.isfinite(scores[order])]
            both[found] += 1.0 / (RANK_CONSTANT + 1 + np.arange(len(found)))
        return both

    large = _chunks(documents, 1024, 256, tokens)
    small = _chunks(documents, 100, 0, tokens)
    return {
        "BM25": _ranked(stretches, lexical),
        "dense 1000 characters, 200 overlap": _ranked(stretches, dense_usual),
        "dense 1024 tokens, 256 overlap": _ranked([chunk for chunk, _ in large], _dense(large, encoder)),
        "dense 100 tokens, no overlap": _ranked([chunk for chunk, _ in small], _dense(small, encoder)),
        "reciprocal ranks, equal weights": _ranked(stretches, fused),
    }


def _chunks(
    documents: Sequence[Document], size: int, overlap: int, length: Callable[[str], int]
) -> list[tuple[Stretch, str]]:
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=size, chunk_overlap=overlap, length_function=length, add_start_index=True
    )
    found = []
    for document in documents:
        for section in document.sections:
            begin, end = section.blocks[0].start, section.blocks[-1].end
            for chunk in splitter.create_documents([document.text[begin:end]]):
                start = begin + int(chunk.metadata["start_index"])
                text = chunk.page_content
                found.append((Stretch(document.path, start, start + len(text)), text))
    return found


def _dense(chunks: Sequence[tuple[Stretch, str]], encoder: VectorCache) -> Callable[[str, Scores], Values]:
    matrix = encoder.encode([text for _, text in chunks])
    return lambda _, vector: (matrix @ vector).astype(np.float64)


def _ranked(stretches: Sequence[Stretch], score: Callable[[str, Scores], Values]) -> System:
    def search(question: str, vector: Scores) -> Ranking:
        scores = score(question, vector)
        order = np.argsort(-scores, kind="stable")[:DEPTH]
        return [stretches[i] for i in order if np.isfinite(scores[i])]

    return search


# ---------------------------------------------------------------- scores


class Reader:
    """Reads rankings word by word."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._starts: dict[str, Values] = {}
        self._ends: dict[str, Values] = {}
        for document in documents:
            spans = [(m.start(), m.end()) for m in chunking.WORD.finditer(document.text)]
            self._starts[document.path] = np.array([start for start, _ in spans], np.float64)
            self._ends[document.path] = np.array([end for _, end in spans], np.float64)

    def words_needed(self, ranking: Ranking, gold: Sequence[Stretch], share: float) -> float:
        """Return how many words are read until that share of one gold stretch was among them; infinite if never."""
        wanted = [self._words(stretch) for stretch in gold]
        when = [np.full(last - first, np.inf) for first, last in wanted]
        read = 0
        for stretch in ranking:
            first, last = self._words(stretch)
            for (begin, end), seen, place in zip(wanted, when, gold, strict=True):
                low, high = max(first, begin), min(last, end)
                if place.document == stretch.document and low < high:
                    at = read + np.arange(low - first, high - first) + 1.0
                    seen[low - begin : high - begin] = np.minimum(seen[low - begin : high - begin], at)
            read += last - first
        return float(min(np.sort(seen)[int(np.ceil(share * len(seen))) - 1] for seen in when))

    def _words(self, stretch: Stretch) -> tuple[int, int]:
        first = int(np.searchsorted(self._ends[stretch.document], stretch.start, "right"))
        return first, max(int(np.searchsorted(self._starts[stretch.document], stretch.end, "left")), first)


def score_words(task: Task, rankings: Sequence[Ranking]) -> dict[str, Values]:
    """Return 1 or 0 for each question and measure."""
    reader = Reader(task.documents)
    half, whole = (
        np.array([reader.words_needed(r, q.gold, share) for r, q in zip(rankings, task.questions, strict=True)])
        for share in (HALF, ALL)
    )
    found = {f"{budget} words": (half <= budget).astype(np.float64) for budget in BUDGETS}
    return found | {f"{budget} words, all of it": (whole <= budget).astype(np.float64) for budget in BUDGETS}


def score_documents(task: Task, rankings: Sequence[Ranking]) -> dict[str, Values]:
    """Return nDCG@10 and recalls for each question, by ir-measures."""
    measures = [nDCG @ 10, R @ 1, R @ 5, R @ 10]
    judged = {q.id: {place.document: 1 for place in q.gold} for q in task.questions}
    runs = {}
    for question, ranking in zip(task.questions, rankings, strict=True):
        order = list(dict.fromkeys(stretch.document for stretch in ranking))
        runs[question.id] = {document: float(-rank) for rank, document in enumerate(order)}
    found = {str(measure): dict.fromkeys(judged, 0.0) for measure in measures}
    for metric in ir_measures.iter_calc(measures, judged, runs):
        found[str(metric.measure)][metric.query_id] = float(metric.value)
    return {name: np.array([values[q.id] for q in task.questions]) for name, values in found.items()}


def interval(values: Values) -> dict[str, float]:
    """Return the mean and its 95 % percentile bootstrap."""
    picks = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return {"mean": round(float(values.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def measure(task: Task, systems: Mapping[str, System], vectors: Scores) -> dict[str, dict[str, Any]]:
    """Ask every system every question."""
    score = score_words if task.judged == "words" else score_documents
    values = {}
    for name, search in systems.items():
        values[name] = score(task, [search(q.text, v) for q, v in zip(task.questions, vectors, strict=True)])
    own = values["ours"]
    return {
        name: {
            metric: interval(found) | ({} if name == "ours" else {"ours minus this": interval(own[metric] - found)})
            for metric, found in measures.items()
        }
        for name, measures in values.items()
    }


# ---------------------------------------------------------------- report


def markdown(report: Mapping[str, Any]) -> str:
    """Return the report as a table; a star: ours is better beyond its 95 % interval, a dagger: worse."""
    systems = report["systems"]
    metrics = list(systems["ours"])
    lines = [
        f"# Retrieval: {report['task']}, {report['encoder']}",
        "",
        f"{report['questions']} questions, {report['documents']} documents. {report['machine']}, {report['date']}, "
        f"commit {report['commit']}, splitter {report['splitter']}. 95 % bootstrap intervals; * ours is better than "
        "this beyond the paired interval, † ours is worse.",
        "",
        "| | " + " | ".join(metrics) + " |",
        "| --- |" + " --- |" * len(metrics),
    ]
    for name, found in systems.items():
        cells = []
        for metric in metrics:
            cell = found[metric]
            difference = cell.get("ours minus this", {"low": 0.0, "high": 0.0})
            mark = " *" if difference["low"] > 0 else " †" if difference["high"] < 0 else ""
            cells.append(f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}]{mark}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="a public set, or pages")
    parser.add_argument("--transcript", type=Path)
    parser.add_argument("--questions", type=Path, nargs="+", default=[])
    parser.add_argument("--half", default="development", choices=["development", "held-out", "all"])
    parser.add_argument("--encoder", nargs="+", default=["all-MiniLM-L6-v2", "all-mpnet-base-v2"])
    parser.add_argument("--cache", type=Path, help="keep vectors here (default: in the home of `career-advisor`)")
    parser.add_argument("--ablate", action="store_true", help="also without each part of our own search")
    parser.add_argument("--every", type=int, default=1, help="of a public set, one title in so many")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    task = _task(options)
    settings = Settings()
    light = models.find(interaction.BASE, settings.weights)
    compares = interaction.Interaction(Pieces(light, lambda: interaction.network().layers))
    for name in options.encoder:
        entry = models.catalogue()[name]
        folder = models.find(name, settings.weights)
        encoder = VectorCache(options.cache or settings.home, Encoder(folder, entry.identity))
        systems = {"ours": ours(task.documents, encoder, retrieval.weights_for(name), compares)}
        if options.ablate:
            systems |= ablations(task.documents, encoder, retrieval.weights_for(name), compares)
        systems |= peers(task.documents, encoder, _token_counter(folder))
        report = {
            "task": task.name,
            "encoder": name,
            "questions": len(task.questions),
            "documents": len(task.documents),
            "machine": machine(),
            "date": today(),
            "commit": commit(),
            "splitter": chunking.SPLITTER_VERSION,
            "systems": measure(task, systems, encoder.encode([q.text for q in task.questions])),
        }
        options.out.mkdir(parents=True, exist_ok=True)
        stem = options.out / f"retrieval-{task.name}-{name}"
        stem.with_name(stem.name + ".json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
        stem.with_name(stem.name + ".md").write_text(markdown(report), "utf-8")
        print(markdown(report), flush=True)


def _task(options: argparse.Namespace) -> Task:
    if options.transcript:
        return transcript(options.transcript, options.questions, options.half)
    if options.folder is None:
        return held_out_wordings(CORPUS)
    if (options.folder / "qrels.tsv").is_file():
        return public_set(options.folder, options.every)
    return pages(options.folder, options.questions)


def _token_counter(folder: Path) -> Callable[[str], int]:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


if __name__ == "__main__":
    main()
