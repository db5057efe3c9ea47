"""From settings to an open advisor: which weights, which index, which model; and what the operator's commands do.

Here the disk, the settings and the steps meet; nothing else knows all three.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from career_advisor import (
    chunking,
    conversation,
    files,
    grounding,
    index,
    interaction,
    links,
    listening,
    llm,
    matching,
    models,
    referral,
)
from career_advisor.advisor import Advisor
from career_advisor.embedding import Encoder, Pieces
from career_advisor.records import (
    SENTENCE,
    AdvisorError,
    Document,
    EncoderIdentity,
    Failure,
    IndexMissing,
    IndexOutdated,
    IndexUnsound,
    ModelUnavailable,
    NothingReadable,
    Shelf,
    WeightsMissing,
    Window,
    WrongUse,
)
from career_advisor.settings import Settings, in_clone, refuse_tracing, shipped_corpus
from career_advisor.spending import Allowance

MANY_FILES = 20
"""Files from which reading them shows its progress."""
COMPARING = "embedding word by word"
EXAMPLES = (
    "I'm a software engineer without a PhD. Could I work on AI safety?",
    "What kinds of technical AI safety research are there?",
    "I keep doubting that I'm good enough. Should I try anyway?",
    "Who can I talk to about my next step?",
)


class Progress(Protocol):
    """Told what is being done and how far it is."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that `done` of `total` is done."""
        ...


def rich_progress() -> Progress:
    """Return a bar with rate and remaining time, for a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        ProgressColumn,
        Task,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Rate(ProgressColumn):
        """Steps a second; nothing before the second step, when there is no telling yet."""

        def render(self, task: Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:.0f}/s", justify="right")

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}
    atexit.register(bars.stop)  # on Ctrl-C the terminal would stay without a cursor

    def show(what: str, done: int, total: int) -> None:
        if what not in tasks:
            bars.start()
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done, total=total)
        if done >= total:
            bars.stop()

    return show


def plain_progress(say: Callable[[str], None]) -> Progress:
    """Return lines, one for every tenth, where there is no terminal."""
    tenths: dict[str, int] = {}

    def show(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenths.get(what) != tenth:
            tenths[what] = tenth
            say(f"{what}: {done} of {total}")

    return show


# ---------------------------------------------------------------- weights


def fetch_models(settings: Settings, name: str | None, progress: models.Progress) -> dict[str, Path]:
    """Fetch one entry of the catalogue, or those that the settings call for.

    Raises:
        WeightsMissing: If no source gave the right files.
    """
    names = [name] if name else [_wanted_encoder(settings)]
    provider, _, weights = settings.model.partition(":")
    if not name and provider == "local":
        names.append(weights or models.DEFAULT_LANGUAGE_MODEL)
    return {entry: models.fetch(entry, settings.weights, progress) for entry in names}


def verify_models(settings: Settings) -> dict[str, str]:
    """Hash what is there; return each name with its problem, empty where it is sound."""
    findings = {}
    for name in models.catalogue():
        try:
            models.verify(name, settings.weights)
            findings[name] = ""
        except WeightsMissing as fault:
            if (settings.weights / name).exists():
                findings[name] = str(fault)
    return findings


def models_json(settings: Settings) -> list[dict[str, Any]]:
    """Return the catalogue with what is there of it."""
    rows = []
    for entry in models.catalogue().values():
        try:
            state = str(models.find(entry.name, settings.weights))
        except WeightsMissing as fault:
            state = "not fetched" if not (settings.weights / entry.name).exists() else str(fault)
        rows.append(
            {
                "name": entry.name,
                "kind": entry.kind,
                "licence": entry.licence,
                "bytes": entry.bytes,
                "sha256": entry.sha256,
                "state": state,
            }
        )
    return rows


def _wanted_encoder(settings: Settings) -> str:
    return models.DEFAULT_ENCODER if settings.encoder == "auto" else settings.encoder


def open_encoder(settings: Settings) -> Encoder:
    """Return the encoder of the settings, not yet loaded.

    Raises:
        WeightsMissing: If it is not there or not the real thing.
    """
    entry, folder = models.choose_encoder(settings.encoder, settings.weights)
    return Encoder(folder, entry.identity, threads=settings.encoder_threads)


# ---------------------------------------------------------------- the index


def shipped_vectors(encoder: Encoder) -> index.ShippedVectors:
    """Return the vectors that came with the program for an encoder; none for one that nothing was shipped for."""
    return index.load_vectors(_shipped_vectors_file(encoder.identity.name), encoder.identity)


def _shipped_vectors_file(encoder: str) -> Path:
    return shipped_corpus() / "vectors" / f"{encoder}.npz"


def remembering(settings: Settings, encoder: Encoder) -> index.VectorCache:
    """Return the encoder with the home's cache and the shipped vectors before it."""
    return index.VectorCache(settings.home, encoder, lambda: shipped_vectors(encoder))


def build_index(
    settings: Settings,
    paths: Sequence[Path] | None,
    *,
    add: bool = False,
    progress: Progress,
    told: Callable[[str, str], None] | None = None,
) -> index.BuildReport:
    """Make the index hold exactly these files and folders; `add`: those of last time, too; none: the same as last time.

    Args:
        settings: Name home, weights and limits.
        paths: Files and folders.
        add: Whether what is indexed stays.
        progress: Told how far it is.
        told: Told the name of each file when it was looked at, and why it cannot be read; empty where it was.

    Raises:
        WrongUse: If a path does not exist.
        NothingReadable: If none of the files can be read; the old index stays.
        IndexBusy: If another process is building.
    """
    sources = _sources(settings, paths, add=add)
    listing = files.list_files(sources)
    names = [file.name for file in listing.found]
    hashes, unreadable = _hashes(listing)
    if told is not None:
        for failure in (*listing.failed, *unreadable):
            told(failure.path, failure.reason)
    reading = files.read_found(
        [file for file in listing.found if file.name in hashes],
        told=told,
        size_limit=settings.max_file_bytes,
        progress=(lambda name: progress("reading", names.index(name) + 1, len(names)))
        if len(names) > MANY_FILES
        else None,
    )
    failed = tuple(sorted({*listing.failed, *unreadable, *reading.failed}))
    if not reading.documents:
        raise NothingReadable("none of these files can be read; the index stays as it was", failed)
    encoder = open_encoder(settings)
    return index.build(
        settings.home,
        reading.documents,
        hashes,
        split=chunking.split,
        lexical_texts=chunking.lexical_texts,
        encoder=remembering(settings, encoder),
        splitter=chunking.SPLITTER_VERSION,
        sources=[str(path) for path in sources],
        shipped=_is_shipped(sources),
        failed=failed,
        also=partial(_compared_beforehand, settings, progress),
        progress=progress,
    )


def _sources(settings: Settings, paths: Sequence[Path] | None, *, add: bool) -> list[Path]:
    """Return what to index, absolute."""
    given = [Path(os.path.abspath(path)) for path in paths or ()]  # noqa: PTH100  (resolve() would follow links)
    if given and not add:
        return given
    shipped = shipped_corpus()
    try:
        last: index.Manifest | index.Known = index.status(settings.home)
    except IndexMissing:
        before = [] if given else [shipped]
        return [*before, *given]
    except IndexUnsound as fault:
        known = _known(settings, fault)
        if known is None:
            raise IndexUnsound(
                f"{str(fault).removesuffix(f'; {index.MEND}')}, and nothing else says what the index was made from. "
                "Name the files: `career-advisor index build PATH`, without --add; the guidance that comes with the "
                f"program is in {shipped}"
            ) from fault
        last = known
    before = [shipped] if last.shipped else [Path(source) for source in last.sources]
    return [*before, *(path for path in given if path not in before)]


def _known(settings: Settings, fault: IndexUnsound) -> index.Known | None:
    """Return what an index that cannot be read was made from, as it or its other versions tell; None for no telling.

    They tell of the shipped corpus only where every version can be read: an operator's own usually comes after it,
    and would be replaced without a word.
    """
    if isinstance(fault, IndexOutdated):
        return index.Known(fault.sources, fault.shipped, doubtful=False)
    known = index.known(settings.home)
    return None if known is None or (known.shipped and known.doubtful) else known


def _is_shipped(sources: Sequence[Path]) -> bool:
    return [path.resolve() for path in sources] == [shipped_corpus().resolve()]


def _hashes(listing: files.Listing) -> tuple[dict[str, str], list[Failure]]:
    """Return the SHA-256 of each file by document path, and the files that cannot be opened."""
    hashes: dict[str, str] = {}
    failed: list[Failure] = []
    for file in listing.found:
        try:
            hashes[file.name] = files.sha256_of_file(file.path)
        except OSError as fault:
            reason = "no permission to read it" if isinstance(fault, PermissionError) else f"it cannot be read: {fault}"
            failed.append(Failure(file.name, reason))
    return hashes, failed


def build_json(report: index.BuildReport) -> dict[str, Any]:
    """Return a report in the form of `index build --json`."""
    return {
        "index": report.version,
        "documents": report.documents,
        "passages": report.passages,
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "failed": [{"path": failure.path, "reason": failure.reason} for failure in report.failed],
        "encoder": report.encoder._asdict(),
        "seconds": report.seconds,
        "embedded": report.embedded,
        "sources": list(report.sources),
        "stale": report.stale,
    }


def _changes(
    settings: Settings, paths: Sequence[Path] | None, *, add: bool, thorough: bool = False
) -> tuple[index.Plan, list[Failure]]:
    """Return what a build would change, and what it could not read.

    Args:
        settings: Name home and weights.
        paths: As for `build_index`.
        add: As for `build_index`.
        thorough: Whether files that are new or changed are read, too, and the version served is: otherwise a file is
            known to be unreadable only if it was so when that version was built.
    """
    listing = files.list_files(_sources(settings, paths, add=add))
    hashes, unopened = _hashes(listing)

    def plan(unread: Iterable[Failure]) -> index.Plan:
        readable = hashes.keys() - {failure.path for failure in unread}
        return index.plan(
            settings.home,
            {name: sha256 for name, sha256 in hashes.items() if name in readable},
            open_encoder(settings).identity,
            chunking.SPLITTER_VERSION,
            thorough=thorough,
        )

    unread: Sequence[Failure] = index.failed_before(settings.home, hashes)
    planned = plan(unread)
    if thorough:
        new = {*planned.added, *planned.changed, *(failure.path for failure in unread)}
        unread = files.read_found(
            [file for file in listing.found if file.name in new], size_limit=settings.max_file_bytes
        ).failed
        planned = plan(unread)
    return planned, sorted({*listing.failed, *unopened, *unread})


def diff_json(
    settings: Settings, paths: Sequence[Path] | None, *, add: bool = False, thorough: bool = True
) -> dict[str, Any]:
    """Return what a build would change; `thorough`: with new and changed files read, for those that cannot be."""
    plan, failed = _changes(settings, paths, add=add, thorough=thorough)
    return {
        "added": list(plan.added),
        "changed": list(plan.changed),
        "removed": list(plan.removed),
        "unchanged": list(plan.unchanged),
        "stale": plan.stale,
        "failed": [{"path": failure.path, "reason": failure.reason} for failure in failed],
    }


def status_json(settings: Settings) -> dict[str, Any]:
    """Return what is served, in the form of `index status --json`, with what has changed since.

    Raises:
        IndexMissing: If there is no index.
    """
    manifest = index.status(settings.home)
    plan, failed = index.Plan((), (), (), tuple(manifest.documents), ""), list[Failure]()
    trouble = ""
    try:
        plan, failed = _changes(settings, None, add=False)
    except AdvisorError as fault:  # the sources are gone, or the weights: what is served can be told all the same
        trouble = str(fault)
    return {
        "index": manifest.version,
        "documents": len(manifest.documents),
        "passages": manifest.passages,
        "added": len(plan.added),
        "changed": len(plan.changed),
        "removed": len(plan.removed),
        "unchanged": len(plan.unchanged),
        "failed": [{"path": failure.path, "reason": failure.reason} for failure in failed],
        "encoder": manifest.encoder._asdict(),
        "seconds": 0.0,
        "created": manifest.created,
        "sources": list(manifest.sources),
        "shipped": manifest.shipped,
        "windows": manifest.windows,
        "stale": plan.stale,
        "trouble": trouble,
    }


def versions_json(settings: Settings) -> list[dict[str, Any]]:
    """Return the versions that are kept, the newest first.

    Each has `index`, `served` and `trouble`, and, where there is none, `created`, `documents`, `passages`, `sources`.
    """
    served = index.served_version(settings.home)
    rows = []
    for name in reversed(index.versions(settings.home)):
        row: dict[str, Any] = {"index": name, "served": name == served, "trouble": ""}
        try:
            manifest = index.Manifest.read(settings.home / "index" / name)
            row |= {
                "created": manifest.created,
                "documents": len(manifest.documents),
                "passages": manifest.passages,
                "sources": list(manifest.sources),
            }
        except IndexUnsound as fault:
            row["trouble"] = str(fault)
        rows.append(row)
    return rows


def verify_index(settings: Settings) -> tuple[str, ...]:
    """Check the index served in a fresh process; return what is wrong."""
    return index.verify(settings.home)


def rollback_index(settings: Settings) -> str:
    """Serve the version before; return its name.

    Raises:
        IndexMissing: If there is none before it.
        IndexUnsound: If it is damaged, or nothing could be answered from it with the encoder in use.
    """
    return index.rollback(settings.home, partial(_usable, open_encoder(settings).identity))


def _usable(encoder: EncoderIdentity, manifest: index.Manifest) -> None:
    """Raise where a version cannot be answered from: it would be pointed at, and every question refused."""
    made = manifest.encoder
    stays = f"the version before ({manifest.version}) was made with"
    entry = models.catalogue().get(made.name)
    if manifest.splitter != chunking.SPLITTER_VERSION or (made != encoder and (not entry or entry.identity != made)):
        raise IndexUnsound(
            f"{stays} another version of the program, and cannot be used any more; the one served stays. "
            "Make one from the files as they are now with `career-advisor index build`"
        )
    if made != encoder:
        raise IndexUnsound(
            f"{stays} the encoder {made.name}, and {encoder.name} is in use; the one served stays. To use it, run "
            f"`career-advisor models fetch {made.name}`, set ADVISOR_ENCODER={made.name}, and go back again"
        )


def prune_index(settings: Settings) -> tuple[str, ...]:
    """Remove old versions; return their names."""
    return index.prune(settings.home)


def write_shipped_vectors(settings: Settings, encoder_name: str | None, progress: Progress) -> list[tuple[Path, int]]:
    """Embed the shipped corpus and the examples of the judgements, and write the files that ship with them."""
    wanted = [encoder_name] if encoder_name else [e.name for e in models.catalogue().values() if e.kind == "encoder"]
    texts = shipped_texts()
    written = []
    for name in wanted:
        encoder = Encoder(models.find(name, settings.weights), models.catalogue()[name].identity)
        # Those that shipped before are rounded already, and are rounded to themselves.
        vectors = remembering(settings, encoder).encode(texts, partial(progress, name))
        path = _shipped_vectors_file(name)
        index.export_vectors(path, encoder.identity, texts, vectors)
        written.append((path, len(texts)))
    sentences = shipped_sentences()
    interaction.write(_shipped_sentences_file(), sentences, _interaction(settings))
    return [*written, (_shipped_sentences_file(), len(sentences))]


def shipped_sentences() -> list[interaction.Sentence]:
    """Return every sentence of the shipped corpus under its heading."""
    documents = files.read([shipped_corpus()]).documents
    return list(
        dict.fromkeys(
            (" ".join(document.sections[window.section].heading[-1:]), window.text)
            for document in documents
            for window in chunking.split(document).windows
            if window.size == SENTENCE
        )
    )


def shipped_texts() -> list[str]:
    """Return every text whose vector ships: the windows of the corpus, the examples, the probe."""
    reading = files.read([shipped_corpus()])
    windows = [window.text for document in reading.documents for window in chunking.split(document).windows]
    return list(
        dict.fromkeys(
            [
                *windows,
                *grounding.example_texts(),
                *referral.example_texts(),
                *conversation.example_texts(),
                *(matching.purpose(service) for service in load_services().services),
                index.PROBE,
            ]
        )
    )


# ---------------------------------------------------------------- an open advisor


def ensure_index(settings: Settings, progress: Progress) -> None:
    """Build the index of the shipped corpus if there is none, and refresh it if it is of the shipped corpus and stale.

    An index that was built from other sources is never touched.
    """
    try:
        manifest = index.status(settings.home)
    except IndexMissing:
        build_index(settings, None, progress=progress)
        return
    except IndexUnsound as fault:
        known = _known(settings, fault)
        if known is None or not known.shipped:
            raise
        build_index(settings, None, progress=progress)
        return
    if manifest.shipped:
        plan, _ = _changes(settings, None, add=False)
        if not plan.nothing_to_do:
            build_index(settings, None, progress=progress)


def open_advisor(settings: Settings, *, progress: Progress, with_model: bool = True, remember: bool = False) -> Advisor:
    """Open everything that is needed to answer.

    Args:
        settings: Name home, weights and models.
        progress: Told how far the index is, where one has to be made.
        with_model: Whether the configured language model writes.
        remember: Whether vectors of questions are kept in the home, too: what is measured is measured again.

    Raises:
        AdvisorError: If weights, index or model are missing or unsound; the message names the mending command.
    """
    refuse_tracing(settings)
    encoder = open_encoder(settings)
    ensure_index(settings, progress)
    reader = index.Reader(settings.home, encoder.identity, chunking.SPLITTER_VERSION)
    examples = remembering(settings, encoder)
    (probe,) = encoder.encode([index.PROBE])
    if not index.same_vectors(probe, reader.current().probe):
        raise IndexUnsound("the index was made with another encoder of the same name; run `career-advisor index build`")
    model = _language_model(settings) if with_model else None
    advisor = Advisor(
        reader,
        examples if remember else encoder,
        load_services(),
        model,
        question_limit=settings.max_question_chars,
        examples=examples,
        compares=_comparing(settings, progress),
        listens=_listening(settings),
        allowance=_allowance(settings),
        rewords=settings.model_rewords,
        translates=settings.model_translates,
        second_opinion=_second_opinion(settings, model),
    )
    advisor.warm_up()
    return advisor


def _comparing(settings: Settings, progress: Progress) -> Callable[[Shelf], interaction.Sentences]:
    """Return what makes the sentences of an index ready to be compared with messages word by word.

    Raises:
        WeightsMissing: If the light encoder, whose vocabulary it uses, is not there or not the real thing.
    """
    network = _interaction(settings)
    shipped = interaction.load(_shipped_sentences_file())
    told = partial(progress, COMPARING)
    return lambda shelf: interaction.Sentences(shelf, network, shipped, listening.network().sentences, told)


def _compared_beforehand(
    settings: Settings, progress: Progress, documents: Sequence[Document], windows: Sequence[Window]
) -> None:
    """Embed what messages will be compared with word by word, so that nobody waits for it when the index is served."""
    if grounding.is_about(conversation.FIELD, documents):
        places, _ = interaction.load(_shipped_sentences_file())
        texts = interaction.beforehand(windows, {document.path: document for document in documents}, places)
        _interaction(settings).remembered(list(texts.values()), partial(progress, COMPARING))


def _listening(settings: Settings) -> Callable[[str], listening.Heard]:
    """Return what hears messages; nothing is loaded before it is asked."""
    folder = models.find(listening.BASE, settings.weights)
    return listening.Listener(Pieces(folder, lambda: listening.network().layers)).hear


def _interaction(settings: Settings) -> interaction.Interaction:
    """Return what compares messages with sentences; nothing is loaded before it is asked."""
    folder = models.find(interaction.BASE, settings.weights)
    memory = index.Kept(settings.home / "vectors" / f"words-{interaction.identity()}.sqlite")
    return interaction.Interaction(Pieces(folder, lambda: interaction.network().layers), memory)


def _shipped_sentences_file() -> Path:
    return shipped_corpus() / "vectors" / "interaction.npz"


def open_served(settings: Settings, *, progress: Progress) -> Shelf:
    """Open the index alone that `open_advisor` would answer from: a test set is checked against it before any question.

    Raises:
        AdvisorError: If weights or index are missing or unsound.
    """
    encoder = open_encoder(settings)
    ensure_index(settings, progress)
    return index.open_current(settings.home, encoder.identity, chunking.SPLITTER_VERSION)


def open_judge(settings: Settings, name: str) -> llm.ChatModel:
    """Return the language model that judges answers. Address and key of the settings are for a name without a provider.

    Raises:
        ModelUnavailable: If its library is not installed, or its name is refused.
        WrongUse: If it is no language model.
    """
    at_address = settings.model_base_url is not None and not llm.names_provider(name)
    own = {} if at_address or ":" not in name else {"model_base_url": None, "model_api_key": None}
    judge = _language_model(settings.model_copy(update={"model": name, **own}))
    if judge is None:
        raise WrongUse(f"{name} is no language model; name one as provider:name")
    return judge


def shipped_cases() -> Path:
    """Return the test set over the shipped corpus."""
    return shipped_corpus() / "cases.jsonl"


def shipped_gates() -> Path:
    """Return what a run over the shipped test set must reach."""
    return Path(__file__).with_name("gates.toml")


def load_services() -> referral.Registry:
    """Read the registry of services that ships."""
    return referral.load_registry(shipped_corpus() / "services.toml")


def _language_model(settings: Settings) -> llm.ChatModel | None:
    if settings.model == "quotes":
        return None
    provider, _, named = settings.model.partition(":")
    known = [entry.name for entry in models.catalogue().values() if entry.kind == "language model"]
    if provider == "local" and named and named not in known:
        raise ModelUnavailable(f"{named} is not in the catalogue; choose local:{' or local:'.join(known)}.")
    return llm.open_model(
        settings.model,
        base_url=settings.model_base_url,
        api_key=settings.model_api_key.get_secret_value() if settings.model_api_key else None,
        weights=lambda: _gguf(settings),
        allow_tracing=settings.allow_tracing,
        first_words=settings.model_first_text_timeout_s,
        between_words=settings.model_stall_timeout_s,
        whole=settings.model_timeout_s,
        tokens=settings.model_max_tokens,
        at_once=settings.model_at_once,
        waiting=settings.model_max_waiting,
        prompt_tokens=settings.local_prompt_tokens,
        cache_tokens=settings.local_cache_tokens,
    )


def _second_opinion(settings: Settings, model: llm.ChatModel | None) -> llm.ChatModel | None:
    """Return who is asked about sentences that passed the check; the one that writes, where it is named again."""
    name = settings.model_second_opinion
    if model is None or name is None:
        return None
    return model if name == settings.model else open_judge(settings, name)


def _allowance(settings: Settings) -> Allowance:
    return Allowance(
        settings.conversation_max_tokens,
        settings.conversation_max_cost,
        settings.model_input_price,
        settings.model_output_price,
    )


def _gguf(settings: Settings) -> Path:
    """Return the embedded model's file: the one that is named behind `local:`, or the larger of those fetched."""
    named = settings.model.partition(":")[2]
    for name in [named] if named else [models.DEFAULT_LANGUAGE_MODEL, models.SMALL_LANGUAGE_MODEL]:
        try:
            return next(models.find(name, settings.weights).glob("*.gguf"))
        except WeightsMissing:
            continue
    how = f"career-advisor models fetch {named or models.DEFAULT_LANGUAGE_MODEL}"
    raise ModelUnavailable(f"The embedded language model is not fetched; run `{how}`.")


# ---------------------------------------------------------------- the operator's other commands


class ServicesChecked(NamedTuple):
    """What came of looking through the registry."""

    findings: tuple[referral.Finding, ...]
    answered: int
    """Services whose address answered; 0 where none was asked."""
    said: str
    """What was written, or why nothing was; empty where no address was asked."""


def check_services(
    *, online: bool, progress: Progress, ask: Callable[[Sequence[str]], Iterable[links.Answer]] = links.ask_all
) -> ServicesChecked:
    """Look through the registry; `online` asks each address, too, and writes down the day on which it answered.

    Only the registry of a clone is written: an installed one belongs to the package, whose next version replaces it.
    """
    registry, path, today = load_services(), shipped_corpus() / "services.toml", date.today()
    findings = list(referral.check(registry, today))
    if not online:
        return ServicesChecked(tuple(findings), 0, "")
    addresses = list(dict.fromkeys(service.url for service in registry.services))
    answers: dict[str, links.Answer] = {}
    progress("addresses asked", 0, len(addresses))
    for answer in ask(addresses):
        answers[answer.address] = answer
        progress("addresses asked", len(answers), len(addresses))
    for service in registry.services:
        answer = answers[service.url]
        if answer.problem:
            findings.append(referral.Finding(service.id, answer.problem))
        if answer.moved_to:
            findings.append(referral.Finding(service.id, f"{service.url} has moved to {answer.moved_to}"))
    alive = {service.id for service in registry.services if not answers[service.url].problem}
    count = f"{len(alive)} of {len(registry.services)} services answered"
    if not in_clone(path.parent):
        return ServicesChecked(
            tuple(findings), len(alive), f"{count}; {path} is an installed registry and stays as it is"
        )
    if alive:
        # Bytes, not text: line ends stay as they are.
        before = path.read_bytes().decode("utf-8")
        _replace(path, referral.with_last_checked(before, alive, today).encode("utf-8"))
    return ServicesChecked(tuple(findings), len(alive), f"{count}; last_checked written into {path}")


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def folders(settings: Settings) -> dict[str, Path]:
    """Return the folders that are used, by what they hold."""
    return {
        "home": settings.home,
        "index": settings.home / "index",
        "vectors": settings.home / "vectors",
        "weights": settings.weights,
        "corpus": shipped_corpus(),
    }


class Check(NamedTuple):
    """One thing that `doctor` looked at."""

    name: str
    ok: bool
    found: str
    mend: str


def examine(settings: Settings) -> list[Check]:
    """Look at everything that could keep it from working."""

    def attempt(name: str, look: Callable[[], str], mend: str) -> Check:
        try:
            return Check(name, True, look(), "")
        except (AdvisorError, OSError) as fault:
            return Check(name, False, str(fault), mend)

    return [
        attempt("python", lambda: sys.version.split()[0], ""),
        attempt(
            "corpus",
            lambda: str(shipped_corpus()),
            "run `pip install --force-reinstall .` in the folder that it came from",
        ),
        attempt("home", lambda: _writable(settings.home), "set ADVISOR_HOME to a folder that you may write to"),
        attempt("encoder", lambda: open_encoder(settings).identity.name, "career-advisor models fetch"),
        attempt("tracing", lambda: _not_traced(settings), "unset LANGSMITH_TRACING"),
        attempt("index", lambda: _sound(settings), "career-advisor index build"),
        attempt("services", lambda: f"{len(load_services().services)} services", "career-advisor services check"),
        attempt("model", lambda: _model_named(settings), "career-advisor config show"),
    ]


def _not_traced(settings: Settings) -> str:
    refuse_tracing(settings)
    return "off"


def _writable(home: Path) -> str:
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=home):
        return f"{home}, {shutil.disk_usage(home).free >> 20} MiB free"


def _sound(settings: Settings) -> str:
    problems = index.verify(settings.home)
    if problems:
        raise IndexUnsound("; ".join(problems))
    manifest = index.status(settings.home)
    index.open_current(settings.home, open_encoder(settings).identity, chunking.SPLITTER_VERSION)
    return f"{manifest.version}, {len(manifest.documents)} documents"


def _model_named(settings: Settings) -> str:
    model = _language_model(settings)
    if settings.model.partition(":")[0] == "local":
        _gguf(settings)
    return model.name if model else "quotes: no language model, answers are quoted"
