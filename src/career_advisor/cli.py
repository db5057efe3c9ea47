"""The command line. Data goes to stdout, progress and logs to stderr; docs/for-programs.md has the JSON.

Exit codes: 0 done, 1 done with a failed file or finding, 2 wrong use, 3 could not be carried out.
"""

from __future__ import annotations

import io
import json
import os
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from career_advisor import __version__
from career_advisor.records import AdvisorError, Citation, Message, NothingReadable, Piece, Reply, Stage, WrongUse

if TYPE_CHECKING:
    from career_advisor.feedback import Box
    from career_advisor.opening import Progress
    from career_advisor.settings import Settings

FAILED = 1
STOPPED = 130
# Typer brings a click of its own or takes the one installed, by its version: the class is taken from where it is used.
_WRONG_USE: type[Any] = next(each for each in typer.BadParameter.__mro__ if each.__name__ == "ClickException")

app = typer.Typer(
    name="career-advisor",
    help="Answers about working on making AI safe, from guidance that it has read and quotes.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
index_app = typer.Typer(help="The index of what has been read.", no_args_is_help=True, rich_markup_mode=None)
models_app = typer.Typer(help="Weights: list, fetch, verify.", no_args_is_help=True, rich_markup_mode=None)
services_app = typer.Typer(
    help="The registry of services that may be offered.", no_args_is_help=True, rich_markup_mode=None
)
config_app = typer.Typer(help="Settings and folders.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(index_app, name="index")
app.add_typer(models_app, name="models")
app.add_typer(services_app, name="services")
app.add_typer(config_app, name="config")
feedback_app = typer.Typer(
    help="What people said of answers, where `feedback` is on.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(feedback_app, name="feedback")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Model = Annotated[str | None, typer.Option("--model", help="Who writes the answers: quotes, local, or provider:name.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100, help="Passages at most.")]


def main() -> None:
    """Run the command line; every fault that a person can mend is one line on stderr."""
    # pysbd, jieba and others warn about their own regular expressions when they are imported.
    import warnings

    warnings.filterwarnings("ignore", category=SyntaxWarning)
    # Whatever bytes come in, JSON goes out: an undecodable one as its escape.
    for stream, encoding in ((sys.stdin, None), (sys.stdout, "utf-8"), (sys.stderr, None)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="replace" if stream is sys.stdin else "backslashreplace")
    try:
        code = app(standalone_mode=False, prog_name="career-advisor")
    except AdvisorError as fault:
        _say(f"career-advisor: {fault}")
        code = fault.exit_code
    except KeyboardInterrupt:
        code = STOPPED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as fault:
        _say(f"career-advisor: {fault.filename or 'the disk'}: {fault.strerror or fault}; run `career-advisor doctor`")
        code = AdvisorError.exit_code
    except _WRONG_USE as fault:
        fault.show(sys.stderr)
        code = WrongUse.exit_code
    if code == STOPPED:
        _say("career-advisor: stopped")
    sys.exit(code if isinstance(code, int) else 0)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _put(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=2))


def _settings(**given: Any) -> Settings:
    from career_advisor.settings import load_settings

    return load_settings(**given)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True)] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(WrongUse.exit_code)


# ---------------------------------------------------------------- asking


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="What you want to know; - reads it from stdin.")] = None,
    batch: Annotated[Path | None, typer.Option(help="A JSONL file of questions.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the answers to a batch go.")] = None,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Answer one question, or a file of them."""
    from career_advisor.opening import open_advisor
    from career_advisor.wire import reply_json

    asked = _one_of(question, batch)
    advisor = open_advisor(_settings(model=model), progress=_progress())
    if batch is not None:
        with _batch(batch, out) as (lines, put):
            for line in lines:
                put(reply_json(_whole(advisor.reply(line.question, line.history)), line.id))
        return
    if as_json:
        print(json.dumps(reply_json(_whole(advisor.reply(asked))), ensure_ascii=False, indent=2))
        return
    _print_reply(_streamed(advisor.reply(asked)))


@app.command()
def search(
    question: Annotated[str | None, typer.Argument(help="What to look for; - reads it from stdin.")] = None,
    batch: Annotated[Path | None, typer.Option(help="A JSONL file of questions.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where the passages for a batch go.")] = None,
    limit: Limit = 10,
    explain: Annotated[bool, typer.Option("--explain", help="Show each leg's rank and score.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the passages that would be answered from."""
    from career_advisor.opening import open_advisor
    from career_advisor.wire import search_json

    asked = _one_of(question, batch)
    advisor = open_advisor(_settings(), progress=_progress(), with_model=False)
    if batch is not None:
        with _batch(batch, out) as (lines, put):
            for line in lines:
                began = time.perf_counter()
                queries, hits = advisor.search(line.question, line.history, limit=limit)
                total = round((time.perf_counter() - began) * 1000, 2)
                put(search_json(line.question, queries.searched, hits, {"total": total}, line.id))
        return
    began = time.perf_counter()
    queries, hits = advisor.search(asked, limit=limit)
    if as_json:
        _put(search_json(asked, queries.searched, hits, {"total": round((time.perf_counter() - began) * 1000, 2)}))
        return
    for rank, hit in enumerate(hits, start=1):
        place = " › ".join((hit.document.title, *hit.heading[-1:]))
        print(f"{rank}. {place}  ({hit.document.path}, {hit.start}-{hit.end}, score {hit.score:.3f})")
        if explain:
            legs = ", ".join(
                f"{leg}: rank {r}, score {hit.leg_scores.get(leg, 0.0):.3f}" for leg, r in hit.legs.items()
            )
            print(f"   {legs}; best cosine {hit.similarity:.3f}, best wording {hit.wording:.3f}")
        print(textwrap.indent(textwrap.fill(" ".join(hit.text.split()), 100), "   "))
    if not hits:
        _say("nothing found")


@app.command()
def chat(model: Model = None, as_json: AsJson = False) -> None:
    """Talk in the terminal. /clear forgets, /quit ends; with --json each reply is one line of JSON."""
    from career_advisor.opening import open_advisor
    from career_advisor.spending import Spent
    from career_advisor.wire import reply_json

    advisor = open_advisor(_settings(model=model), progress=_progress())
    history: list[Message] = []
    spent = Spent()
    if not as_json:
        _say("Independent of Rob Miles, 80,000 Hours and the services it names; a program, not a human adviser.")
        _say(f"Answers by {advisor.model_name}. /clear forgets, /quit ends.")
    for line in _typed(prompt=not as_json):
        if line in {"/quit", "/exit", "/q"}:
            return
        if line == "/clear":
            history.clear()
            _say("Forgotten.")
            continue
        if as_json:
            reply = _whole(advisor.reply(line, history, spent=spent))
            print(json.dumps(reply_json(reply), ensure_ascii=False), flush=True)
        else:
            reply = _streamed(advisor.reply(line, history, spent=spent))
            _print_reply(reply)
        history += [Message("user", line), Message("assistant", reply.answer)]


def _typed(*, prompt: bool) -> Iterator[str]:
    while True:
        if prompt:
            print("\nyou> ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def _one_of(question: str | None, batch: Path | None) -> str:
    if (question is None) == (batch is None):
        raise WrongUse("give a question, or --batch with a file of them")
    return sys.stdin.read() if question == "-" else question or ""


@contextmanager
def _batch(source: Path, out: Path | None) -> Iterator[tuple[Iterable[Any], Any]]:
    from career_advisor.wire import read_line

    try:
        text = source.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as fault:
        raise WrongUse(f"{source}: {fault.strerror}") from fault
    # Not splitlines(): U+2028 and its like may stand in a JSON string as they are.
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []
    target: TextIO = sys.stdout
    try:
        if out is not None:
            target = out.open("w", encoding="utf-8")
    except OSError as fault:
        raise WrongUse(f"{out}: {fault.strerror}") from fault

    def put(answer: object) -> None:
        # A lone surrogate in a question would not encode; it is shown as its escape.
        text = json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")
        print(text, file=target, flush=True)

    try:
        yield (read_line(line) for line in lines), put
    finally:
        if target is not sys.stdout:
            target.close()


def _whole(pieces: Iterable[Stage | Piece | Reply]) -> Reply:
    *_, reply = pieces
    assert isinstance(reply, Reply)  # noqa: S101  (what Advisor.reply promises)
    return reply


def _streamed(pieces: Iterable[Stage | Piece | Reply]) -> Reply:
    reply: Reply | None = None
    shown = ""
    for piece in pieces:
        if isinstance(piece, Piece):
            if piece.anew:
                print("\n\n(Taken back. Instead:)\n\n", end="")
                shown = ""
            shown += piece.text
            print(piece.text, end="", flush=True)
        elif isinstance(piece, Reply):
            reply = piece
    assert reply is not None  # noqa: S101  (what Advisor.reply promises)
    print(flush=True)
    if " ".join(shown.split()) != " ".join(reply.answer.split()):
        print(f"\n{reply.answer}", flush=True)
    return reply


def _print_reply(reply: Reply) -> None:
    """Print what belongs under an answer: sources, services, follow-ups."""
    if reply.notice:
        print(f"\n({reply.notice})")
    if reply.dropped:
        print(f"\n(Sentences left out of what the model wrote: {len(reply.dropped)}.)")
    if reply.citations:
        print("\nSources:")
    for place, numbers in _by_place(reply.citations).items():
        print(f"  {''.join(f'[{number}]' for number in numbers)} {place}")
    if reply.offers:
        print("\nWho can help:")
    for offer in reply.offers:
        service = offer.service
        print(f"  · {service.name} ({service.cost}): {offer.why} {service.url}")
        if service.caveat and service.caveat != offer.why:
            print(textwrap.indent(textwrap.fill(service.caveat, 100), "    "))
    if reply.follow_ups:
        print("\nYou could ask next:")
    for question in reply.follow_ups:
        print(f"  · {question}")


def _by_place(citations: Iterable[Citation]) -> dict[str, list[int]]:
    """Return the numbers of citations by where their words stand, in words for a person."""
    places: dict[str, list[int]] = {}
    for c in citations:
        heading = f"“{c.heading[-1]}”, in " if c.heading else ""
        where = f"page {c.page}" if c.page else f"at {int(c.time) // 60}:{int(c.time) % 60:02d}" if c.time else ""
        whose = f"our summary, after {c.after}" if c.kind == "our summary" and c.after else c.kind
        about = ", ".join(part for part in (whose, where, c.date) if part)
        addresses = list(dict.fromkeys(c.sources if c.kind == "our summary" else ())) or [c.url or c.document]
        place = f"{heading}{c.title} ({about})" + "".join(f"\n      {address}" for address in addresses[:3])
        places.setdefault(place, []).append(c.number)
    return places


# ---------------------------------------------------------------- the page


@app.command()
def guide(
    key: Annotated[str, typer.Argument(metavar="stand|plan|advising", help="Where do I stand, my plan, prepare.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the document here: a .md or a .json file.")] = None,
    source: Annotated[Path | None, typer.Option("--from", help="Go on from a .json file of before.")] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Have the language model sum up what you answered; it is sent to it.")
    ] = False,
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Ask the questions of a guided conversation, and make a document of the answers to take away."""
    from career_advisor.guided import terminal
    from career_advisor.guided.quoting import Sources
    from career_advisor.opening import open_advisor

    def opened() -> Sources:
        return open_advisor(_settings(model=model), progress=_progress(), with_model=summary)

    terminal.run(key, opened, out, source, _say, with_summary=summary, as_json=as_json)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = None,
    model: Model = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="The operator's page instead: index, evaluation, what was declined.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Serve the page; with --operator, the operator's own."""
    from career_advisor import web
    from career_advisor.feedback import Box
    from career_advisor.journal import Journal
    from career_advisor.opening import open_advisor

    if operator:
        _serve_operator(host, port, as_json=as_json)
        return
    settings = _settings(host=host, port=port, model=model)
    advisor = open_advisor(settings, progress=_progress())

    def ready(address: str) -> None:
        print(json.dumps({"address": address}) if as_json else f"Career Advisor is at {address}", flush=True)

    box = Box(settings.home) if settings.feedback else None
    kept = 0
    note: web.Note = web.unnoted
    if settings.keep_questions or settings.keep_times:
        journal = Journal(settings.home, settings.keep_questions_days, words=settings.keep_questions)
        journal.sweep()
        note = journal.keep
        kept = settings.keep_questions_days if settings.keep_questions else 0
    web.serve(
        advisor,
        host=settings.host,
        port=settings.port,
        on_ready=ready,
        box=box,
        kept=kept,
        sources=advisor,
        note=note,
    )


def _serve_operator(host: str | None, port: int | None, *, as_json: bool) -> None:
    from career_advisor import operating

    settings = _settings(operator_port=port)

    def ready(address: str, made: str | None) -> None:
        if as_json:
            print(json.dumps({"address": address, "password": made}), flush=True)
            return
        print(f"The operator's page is at {address}", flush=True)
        if made:
            print(f"Its password, for this start alone: {made}", flush=True)

    operating.serve(settings, host=host, on_ready=ready)


@app.command("mcp")
def serve_mcp(model: Model = None) -> None:
    """Serve the advisor to an assistant, by the Model Context Protocol over stdin and stdout."""
    from career_advisor import mcp
    from career_advisor.settings import refuse_tracing

    settings = _settings(model=model)
    refuse_tracing(settings)

    def opened() -> mcp.Advising:
        from career_advisor.opening import open_advisor, plain_progress

        return open_advisor(settings, progress=plain_progress(_say))

    mcp.serve(opened)


# ---------------------------------------------------------------- the index


@index_app.command("build")
def index_build(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders; none: the same as last time.")] = None,
    add: Annotated[bool, typer.Option("--add", help="Keep what is indexed and add these.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the index hold exactly these files and folders, reusing what is unchanged."""
    from career_advisor.opening import build_index, build_json

    try:
        report = build_index(_settings(), paths or None, add=add, progress=_progress())
    except NothingReadable as fault:
        for failure in fault.failed:
            _say(f"  {failure.path}: {failure.reason}")
        raise
    if report.stale:
        _say(f"Made anew from {', '.join(report.sources)}: {report.stale}")
    for failure in report.failed:
        _say(f"  {failure.path}: {failure.reason}")
    if as_json:
        _put(build_json(report))
    else:
        print(
            f"Index {report.version}: {report.documents} documents, {report.passages} passages "
            f"({report.added} added, {report.changed} changed, {report.removed} removed, {report.unchanged} unchanged, "
            f"{len(report.failed)} failed) in {report.seconds:.1f} s"
        )
    if report.failed:
        raise typer.Exit(FAILED)


@index_app.command("status")
def index_status(as_json: AsJson = False) -> None:
    """Say what is served."""
    from career_advisor.opening import status_json

    status = status_json(_settings())
    if as_json:
        _put(status)
        return
    print(f"Index {status['index']}: {status['documents']} documents, {status['passages']} passages")
    print(f"Encoder {status['encoder']['name']}, built {status['created']} from {', '.join(status['sources'])}")
    for change in ("added", "changed", "removed"):
        if status[change]:
            print(f"{change}: {status[change]} since (run `career-advisor index build`)")
    if status["failed"]:
        files = "1 file" if len(status["failed"]) == 1 else f"{len(status['failed'])} files"
        print(f"not read: {files} (`career-advisor index diff` says why)")


@index_app.command("diff")
def index_diff(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders; none: the same as last time.")] = None,
    add: Annotated[bool, typer.Option("--add", help="As for build.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a build would do, and do nothing."""
    from career_advisor.opening import diff_json

    diff = diff_json(_settings(), paths or None, add=add)
    if as_json:
        _put(diff)
        return
    for change in ("added", "changed", "removed"):
        for path in diff[change]:
            print(f"{change:8} {path}")
    for failure in diff["failed"]:
        print(f"failed   {failure['path']}: {failure['reason']}")
    print(
        f"{len(diff['unchanged'])} unchanged" + (f"; everything is made anew: {diff['stale']}" if diff["stale"] else "")
    )


@index_app.command("verify")
def index_verify(as_json: AsJson = False) -> None:
    """Check every file and vector of the index that is served."""
    from career_advisor.opening import verify_index

    findings = verify_index(_settings())
    _put({"sound": not findings, "findings": list(findings)}) if as_json else print(
        "\n".join(findings) or "The index is sound."
    )
    if findings:
        raise typer.Exit(FAILED)


@index_app.command("rollback")
def index_rollback(as_json: AsJson = False) -> None:
    """Serve the previous version again."""
    from career_advisor.opening import rollback_index

    version = rollback_index(_settings())
    _put({"index": version}) if as_json else print(f"Index {version} is served now.")


@index_app.command("prune")
def index_prune(as_json: AsJson = False) -> None:
    """Remove versions older than the previous one."""
    from career_advisor.opening import prune_index

    removed = prune_index(_settings())
    _put({"removed": list(removed)}) if as_json else print(f"{len(removed)} versions removed.")


@index_app.command("vectors")
def index_vectors(
    encoder: Annotated[str | None, typer.Option(help="Which encoder; default: each that is fetched.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the vectors that ship with the corpus, so that a first start does not wait for embedding."""
    from career_advisor.opening import write_shipped_vectors

    written = write_shipped_vectors(_settings(), encoder, progress=_progress())
    _put([{"file": str(path), "vectors": count} for path, count in written]) if as_json else print(
        "\n".join(f"{path}: {count} vectors, {path.stat().st_size / 1e6:.1f} MB" for path, count in written)
    )


# ---------------------------------------------------------------- weights, services, settings


@models_app.command("list")
def models_list(as_json: AsJson = False) -> None:
    """List the weights of the catalogue."""
    from career_advisor.opening import models_json

    rows = models_json(_settings())
    if as_json:
        _put(rows)
        return
    for row in rows:
        print(f"{row['name']:32} {row['kind']:15} {row['bytes'] / 1e6:8.0f} MB  {row['state']}")


@models_app.command("fetch")
def models_fetch(
    name: Annotated[
        str | None, typer.Argument(help="Which; default: the encoder, and the language model if it is `local`.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch weights and verify them."""
    from career_advisor.opening import fetch_models

    folders = fetch_models(_settings(), name, _progress())
    _put({entry: str(folder) for entry, folder in folders.items()}) if as_json else print(
        "\n".join(f"{entry}: {folder}" for entry, folder in folders.items())
    )


@models_app.command("verify")
def models_verify(as_json: AsJson = False) -> None:
    """Hash every file of the weights that are there."""
    from career_advisor.opening import verify_models

    findings = verify_models(_settings())
    if as_json:
        _put(findings)
    else:
        for name, problem in findings.items():
            print(f"{name}: {problem or 'sound'}")
    if any(findings.values()):
        raise typer.Exit(FAILED)


@services_app.command("check")
def services_check(
    online: Annotated[bool, typer.Option("--online", help="Also ask each address whether it answers.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find malformed, duplicate, unsourced and stale entries of the registry; with --online, dead and moved links.

    In a clone, --online writes the day on which an address answered into services.toml.
    """
    from career_advisor.opening import check_services

    findings, _, said = check_services(online=online, progress=_progress())
    if said:
        _say(said)
    if as_json:
        _put([{"service": f.service, "problem": f.problem} for f in findings])
    else:
        for finding in findings:
            print(f"{finding.service}: {finding.problem}")
        if not findings:
            print("The registry is in order.")
    if findings:
        raise typer.Exit(FAILED)


@config_app.command("show")
def config_show(as_json: AsJson = False) -> None:
    """Show every setting with where it came from."""
    from career_advisor.settings import origins

    rows = [{"name": row.name, "value": row.value, "origin": row.origin} for row in origins(_settings())]
    if as_json:
        _put(rows)
        return
    for row in rows:
        print(f"{row['name']:24} {row['value']!s:50} {row['origin']}")


@config_app.command("path")
def config_path(as_json: AsJson = False) -> None:
    """Show the folders that are used."""
    from career_advisor.opening import folders

    places = folders(_settings())
    if as_json:
        _put({name: str(place) for name, place in places.items()})
        return
    for name, place in places.items():
        print(f"{name:10} {place}")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look for everything that could keep it from working, with the command that mends each."""
    from career_advisor.opening import examine

    checks = examine(_settings())
    if as_json:
        _put([{"check": c.name, "ok": c.ok, "found": c.found, "mend": c.mend} for c in checks])
    else:
        for c in checks:
            print(f"{'ok  ' if c.ok else 'BAD '} {c.name}: {c.found}" + (f"; {c.mend}" if c.mend else ""))
    if not all(c.ok for c in checks):
        raise typer.Exit(FAILED)


# ---------------------------------------------------------------- evaluation

evaluate_app = typer.Typer(help="Answers, measured against a test set.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(evaluate_app, name="evaluate")


@evaluate_app.command("run")
def evaluate_run(
    cases: Annotated[Path | None, typer.Option(help="The test set, JSONL; default: the shipped one.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; default: a new one below ADVISOR_HOME.")] = None,
    model: Annotated[
        list[str] | None, typer.Option("--model", help="Who writes; several are compared in one table.")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="A word to find the run by.")] = None,
    half: Annotated[str | None, typer.Option(help="Cases of one half only: development or held-out.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The first cases only.")] = None,
    repeat: Annotated[int | None, typer.Option(min=1, help="Ask each case so many times.")] = None,
    filter_failing: Annotated[Path | None, typer.Option(help="A run; ask only what did not pass in it.")] = None,
    retry_errors: Annotated[bool, typer.Option("--retry-errors", help="Resume, and ask again what failed.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with --out, or with the newest unfinished run.")
    ] = False,
    gates: Annotated[
        Path | None, typer.Option(help="What must be reached, TOML; default: the shipped, or all.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option(help="A model that judges each sentence; never the one that wrote.")
    ] = None,
    stability: Annotated[bool, typer.Option("--stability", help="Also with typos, in lower case, reordered.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask every case of a test set and say whether the answers will do; ends with 1 where they won't."""
    from career_advisor.evaluation import contest, folder, summing

    evaluate = partial(
        _evaluate,
        cases=cases,
        tag=tag,
        half=half,
        limit=limit,
        repeat=repeat,
        filter_failing=filter_failing,
        gates=gates,
        judge=judge,
        stability=stability,
    )
    if model and len(model) > 1:
        if resume or retry_errors:
            raise WrongUse("--resume goes on with the run of one model; name its folder with --out")
        out = out or _settings().home / "runs" / folder.run_name(folder.now(), contest.NAME, tag)
        done = [evaluate(model=name, out=out / folder.slug(name)) for name in dict.fromkeys(model)]
        table = contest.write(out, [run for run, _ in done])
        _put({"run": str(out), **table}) if as_json else print(f"{contest.describe(table)}\n{out / contest.NAME}.md")
        summaries = [summary for _, summary in done]
    else:
        out, summary = evaluate(model=model[0] if model else None, out=out, resume=resume, retry_errors=retry_errors)
        _put({"run": str(out), **summary}) if as_json else print(f"{summing.describe(summary)}\n{out / folder.REPORT}")
        summaries = [summary]
    if any(summary["exit_code"] for summary in summaries):
        raise typer.Exit(FAILED)


def _evaluate(
    *,
    model: str | None,
    out: Path | None,
    cases: Path | None,
    tag: str | None,
    half: str | None,
    limit: int | None,
    repeat: int | None,
    filter_failing: Path | None,
    gates: Path | None,
    judge: str | None,
    stability: bool,
    resume: bool = False,
    retry_errors: bool = False,
) -> tuple[Path, dict[str, Any]]:
    """Ask every case of a test set; return the folder of the run and its summary."""
    from career_advisor import prompting
    from career_advisor.evaluation import cases as case_files
    from career_advisor.evaluation import folder, judging, running
    from career_advisor.evaluation.gates import gate_of, read_gates
    from career_advisor.opening import open_advisor, open_judge, open_served, shipped_cases, shipped_gates

    runs = _settings().home / "runs"
    before: dict[str, Any] = {}
    if resume or retry_errors:
        out = folder.find_run(out, runs) if out else folder.newest_unfinished(runs)
        before = folder.read_manifest(out)
    settings = _settings(model=model or before.get("model"))
    judge = judge or (before.get("judge") or {}).get("model")
    failing_of = filter_failing or (Path(before["filter_failing"]) if before.get("filter_failing") else None)
    failing_of = folder.find_run(failing_of, runs).absolute() if failing_of else None
    half, limit = half or before.get("half"), limit or before.get("limit")

    case_set = case_files.read_cases((cases or Path(before["cases"]["path"] if before else shipped_cases())).absolute())
    if gates is None and case_set.is_copy_of(shipped_cases()) and not failing_of:
        gates = shipped_gates()
    limits = read_gates(gates, case_set.kinds) if gates else None
    if before and gates is None and before["gates"] is not None:
        limits = tuple(gate_of(table) for table in before["gates"])
    failing = running.failing_in(failing_of) if failing_of else None
    chosen = running.choose(case_set, half=half, failing=failing, limit=limit)
    if judge:
        judging.refuse_own_judge(judge, settings.model)
    if out and not before:
        folder.refuse_used(out)

    shelf = open_served(settings, progress=_progress())
    documents = {path: document.text for path, document in shelf.documents.items()}
    case_files.check_gold(case_set, documents)
    plan = running.Plan(
        case_set,
        chosen,
        model=settings.model,
        index=shelf.id,
        encoder=shelf.encoder.name,
        gates=limits,
        half=half,
        limit=limit,
        repeat=repeat or before.get("repeat", 1),
        failing_of=str(failing_of) if failing_of else None,
        stability=stability or before.get("stability", False),
        judge=judge,
        tag=tag or before.get("tag"),
        prompt=None
        if settings.model == "quotes"
        else prompting.version(
            rewords=settings.model_rewords,
            translates=settings.model_translates,
            second_opinion=settings.model_second_opinion is not None,
        ),
    )
    advisor = open_advisor(settings, progress=_progress())
    opened_judge = open_judge(settings, judge) if judge else None
    if before and out:
        running.resume(out, plan, retry_errors=retry_errors)
    else:
        out = out or runs / folder.run_name(folder.now(), settings.model, tag)
        running.begin(out, plan)
    try:
        running.run(out, plan, advisor, documents, progress=_progress(), judge=opened_judge)
    except BaseException:
        _say(f"stopped; `career-advisor evaluate run --resume --out {out}` goes on")
        raise
    return out, running.finish(out)


@evaluate_app.command("compare")
def evaluate_compare(
    a: Annotated[Path, typer.Argument(help="A run: its folder, or its name below ADVISOR_HOME/runs.")],
    b: Annotated[Path, typer.Argument(help="The run to compare with it.")],
    anyway: Annotated[bool, typer.Option("--anyway", help="Also where the test sets differ.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what got better and worse from one run to another, and whether that is more than chance."""
    from career_advisor.evaluation import comparing, folder

    runs = _settings().home / "runs"
    compared = comparing.compare(folder.find_run(a, runs), folder.find_run(b, runs), anyway=anyway)
    _put(compared) if as_json else print(comparing.describe(compared))


@evaluate_app.command("report")
def evaluate_report(
    run: Annotated[Path, typer.Argument(help="A run: its folder, or its name below ADVISOR_HOME/runs.")],
    as_json: AsJson = False,
) -> None:
    """Write the summary and the reports of a run again, of one that was stopped too."""
    from career_advisor.evaluation import folder, running

    found = folder.find_run(run, _settings().home / "runs")
    summary = running.finish(found)
    report = found / folder.REPORT
    _put({"report": str(report), "verdict": summary["verdict"]}) if as_json else print(
        f"{summary['verdict']}\n{report}"
    )


@evaluate_app.command("export")
def evaluate_export(
    run: Annotated[Path, typer.Argument(help="A run: its folder, or its name below ADVISOR_HOME/runs.")],
    to: Annotated[str, typer.Option("--to", help="Who is to read it: ragas, promptfoo or inspect.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; default: stdout.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a run, also one that was stopped, in the field names of ragas, promptfoo or inspect_ai."""
    from career_advisor.evaluation import exporting, folder

    exported = exporting.export(folder.find_run(run, _settings().home / "runs"), to)
    if not exported.finished:
        _say(f"the run was stopped; this is what it has: {exported.results} results")
    if exported.without_reply:
        _say(f"{exported.without_reply} of {exported.results} results have no reply, and their entries no answer")
    if out is None:
        _put(exported.data) if as_json else print(exported.text, end="")
        return
    try:
        folder.write_text(out, exported.text)
    except OSError as fault:
        raise WrongUse(f"{out}: {fault.strerror}; give another --out") from fault
    if exported.suffixes and out.suffix.lower() not in exported.suffixes:
        _say(f"{to} goes by the end of a file's name: rename {out} to {out.stem}{exported.suffixes[0]}")
    written = {"file": str(out), "to": to, "results": exported.results, "without_reply": exported.without_reply}
    _put(written) if as_json else print(f"{exported.results} results in {out}")


@evaluate_app.command("gates")
def evaluate_gates(
    run: Annotated[Path, typer.Argument(help="The run that is good enough.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; default: stdout.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set gates from a run: its means, less half of their intervals."""
    from career_advisor.evaluation import folder
    from career_advisor.evaluation.gates import gates_from, gates_json, toml_of

    found = folder.find_run(run, _settings().home / "runs")
    manifest = folder.read_manifest(found)
    limits = gates_from(folder.read_summary(found))
    if out is not None:
        folder.write_text(out, toml_of(limits, manifest))
    if as_json:
        _put(gates_json(limits))
    elif out is None:
        print(toml_of(limits, manifest), end="")


# ---------------------------------------------------------------- feedback

_TURN_ON = "ADVISOR_FEEDBACK=true turns it on, or `feedback = true` in advisor.toml"


@feedback_app.command("status")
def feedback_status(as_json: AsJson = False) -> None:
    """Say whether people are asked, and count what they said."""
    from career_advisor.feedback import REASONS

    settings, box = _box()
    helped, complaints, damaged = box.read()
    reasons = {key: sum(each.reason == key for each in complaints) for key in REASONS}
    if as_json:
        counts = {"helped": helped, "not_helped": len(complaints), "reasons": reasons, "damaged": damaged}
        _put({"on": settings.feedback, "file": str(box.path), **counts})
        return
    print("People are asked whether an answer helped." if settings.feedback else f"Nobody is asked; {_TURN_ON}.")
    print(f"helped {helped}, did not {len(complaints)}" + (f", damaged lines {damaged}" if damaged else ""))
    for reason, count in reasons.items():
        if count:
            print(f"  {reason} {count}")


@feedback_app.command("export")
def feedback_export(
    out: Annotated[Path | None, typer.Option(help="The test set to write; default: stdout.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a draft case of a test set of each answer that did not help."""
    from career_advisor.feedback import draft_of, line_of, write_private

    settings, box = _box()
    if not settings.feedback and not box.path.exists():
        raise AdvisorError(f"there is no feedback, and nobody is asked for it; {_TURN_ON}")
    votes = box.read()
    drafts = [draft_of(each) for each in votes.complaints]
    lines = b"".join(map(line_of, drafts))
    if votes.damaged:
        _say(f"damaged lines left out of {box.path}: {votes.damaged}")
    if not drafts:
        _say("no answer was said not to have helped, so there is no case")
    if out is not None:
        try:
            write_private(out, lines)
        except OSError as fault:
            raise WrongUse(f"{out}: {fault.strerror}") from fault
    if as_json:
        _put({"out": str(out), "cases": len(drafts), "damaged": votes.damaged} if out else drafts)
    elif out is not None:
        print(f"Draft cases in {out}: {len(drafts)}")
    else:
        print(lines.decode(), end="")


@feedback_app.command("delete")
def feedback_delete(
    ids: Annotated[list[str] | None, typer.Argument(help="Which, as people were told; none: all of it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what people sent, because one of them asks for it, or all of it."""
    _, box = _box()
    names = [each.removeprefix("feedback-") for each in ids or ()]
    if not yes:
        _say(f"Delete {', '.join(names) or 'all feedback'} from {box.path} for good? [y/N]")
        answer = sys.stdin.readline()
        if not answer:
            raise WrongUse("nothing was deleted, because nobody answered; give --yes")
        yes = answer.strip().lower() in {"y", "yes"}
    deleted = box.delete(names) if yes else 0
    _put({"deleted": deleted}) if as_json else print(f"Votes deleted: {deleted}")


def _box() -> tuple[Settings, Box]:
    from career_advisor.feedback import Box

    settings = _settings()
    return settings, Box(settings.home)


# ---------------------------------------------------------------- questions that were declined

questions_app = typer.Typer(
    help="What was declined, where `keep_questions` is on.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(questions_app, name="questions")


@questions_app.command("status")
def questions_status(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Questions at most.")] = 20, as_json: AsJson = False
) -> None:
    """Say whether questions are kept, and list those that were declined most often."""
    from career_advisor.journal import Journal, most_declined

    settings = _settings()
    journal = Journal(settings.home, settings.keep_questions_days)
    lines = journal.read()
    rows = most_declined(lines, limit=limit)
    if as_json:
        declined = [row._asdict() for row in rows]
        _put({"on": settings.keep_questions, "file": str(journal.path), "answers": len(lines), "declined": declined})
        return
    on = f"Questions that are declined are kept for {settings.keep_questions_days} days."
    print(on if settings.keep_questions else "No question is kept; ADVISOR_KEEP_QUESTIONS=true turns it on.")
    for row in rows:
        print(f"{row.times:5} {row.status:12} {row.last}  {row.question}")


@questions_app.command("delete")
def questions_delete(as_json: AsJson = False) -> None:
    """Delete all that is kept of questions."""
    from career_advisor.journal import Journal

    settings = _settings()
    deleted = Journal(settings.home, settings.keep_questions_days).delete()
    _put({"deleted": deleted}) if as_json else print(f"Answers deleted: {deleted}")


# ---------------------------------------------------------------- progress


def _progress() -> Progress:
    from career_advisor.opening import plain_progress, rich_progress

    terminal = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and not os.environ.get("CI")
    return rich_progress() if terminal else plain_progress(_say)
