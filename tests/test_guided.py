"""The three guided conversations: what they ask, what they say of the world, and what a person takes away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from career_advisor.advisor import Advisor
from career_advisor.guided.answers import TEXT_LIMIT, Answers, Unreadable, answers_json, read_answers
from career_advisor.guided.composing import compose
from career_advisor.guided.exporting import FILE_LIMIT, FORMAT, json_text, markdown, read_json, sheet_json
from career_advisor.guided.questions import KEYS, TICKS, GuideKey, guides
from career_advisor.guided.quoting import Library, stated
from career_advisor.guided.sheet import Ask, Bar, Help, Own, Quote, Sheet, ToDo, Verdict
from career_advisor.guided.standing import bar_keys, bars_of, judge
from career_advisor.guided.terminal import Terminal, converse, load, save
from career_advisor.guided.wording import words
from career_advisor.records import Hit, Message, Piece, Queries, Reply, Service, Stage, Summary, WrongUse
from career_advisor.support import Said
from career_advisor.web import guard
from career_advisor.web.guiding import Desk
from tests.doubles import Bookshelf, ScriptedAnswerer
from tests.hostile import MARKUP, TEXTS
from tests.test_web import served

TODAY = date(2026, 11, 26)
STAND = {
    "values": {
        "directions": ["engineering"],
        "done": "I maintain a data loader in an open-source library. I bake bread.",
        "liking": "easy",
        "feeling": "confident",
        "limits": ["money", "change"],
    },
    "ticks": {"library": "have", "engineer": "have", "safety": "not-yet"},
    "notes": {"safety": "I read the Alignment Forum"},
}
PLAN = {
    "values": {
        "goal": "To know whether this is for me.",
        "options": ["Stay in the ministry and work on AI policy", "A PhD in machine learning"],
        "doubts": ["use", "enjoy"],
        "unknowns": ["", "Do I need a PhD to work on AI safety?"],
        "limits": ["place"],
        "steps": [
            {"do": "Tell Ana about this plan", "by": None},
            {"do": "memo", "by": "2026-12-26"},
            {"do": "advising", "by": "2026-12-03"},
        ],
        "turn": "If I dread it for a month.",
    }
}
ADVISING = {
    "values": {
        "background": "Twelve years of backend engineering in Berlin.",
        "choices": ["apply to labs", "an evals team"],
        "uncertainty": "Whether a lab job does more good than harm.",
    }
}
GIVEN: dict[GuideKey, dict[str, Any]] = {"stand": STAND, "plan": PLAN, "advising": ADVISING}


@pytest.fixture
def real(shipped_advisor: Advisor) -> Library:
    """Return the shipped guidance as the advisor searches it, with the light encoder."""
    return Library(shipped_advisor)


@pytest.fixture(scope="module")
def shelf() -> Bookshelf:
    return Bookshelf()


@pytest.fixture(scope="module")
def library(shelf: Bookshelf) -> Library:
    """Return the shipped guidance without an encoder, for what does not depend on the search."""
    return Library(shelf)


class Empty:
    """An advisor whose index holds nothing and whose registry is empty."""

    index = "empty"
    model_name = "quotes"
    services: Sequence[Service] = ()

    def sum_up(self, said: Sequence[Said]) -> Iterator[Stage | Summary]:
        return iter(())

    def search(self, question: str, history: Sequence[Message] = (), *, limit: int = 8) -> tuple[Queries, list[Hit]]:
        return Queries(question, question, (question,)), []

    def reply(self, question: str, history: Sequence[Message] = ()) -> Iterator[Stage | Piece | Reply]:
        yield Reply(question, question, "not_covered", "")

    def in_danger(self, texts: Sequence[str], *, perhaps: bool = False) -> bool:
        return False


def read(key: GuideKey, given: object) -> Answers:
    return read_answers(given, guides()[key], bar_keys())


def sheet_of(key: GuideKey, library: Library, given: object | None = None) -> Sheet:
    return compose(key, read(key, GIVEN[key] if given is None else given), TODAY, library)


def items(sheet: Sheet, kind: type) -> list[Any]:
    return [item for part in sheet.parts for item in part.items if isinstance(item, kind)]


def pairs(table: Any) -> Iterator[tuple[str, str]]:
    """Yield all that stated.toml quotes."""
    if isinstance(table, dict):
        for name, each in table.items():
            if name not in {"words", "work", "services"}:
                yield from pairs(each)
    elif isinstance(table, list) and len(table) == 2 and all(isinstance(each, str) and " " in each for each in table):
        yield table[0], table[1]
    elif isinstance(table, list):
        for each in table:
            yield from pairs(each)


# ---------------------------------------------------------------- what is said of the world


@pytest.mark.parametrize("key", KEYS)
def test_what_is_taken_along_has_each_quote_to_the_letter_its_number_and_an_address(
    key: GuideKey, library: Library
) -> None:
    sheet = sheet_of(key, library)
    tokens = MarkdownIt().parse(markdown(sheet))
    shown = " ".join(" ".join(part.content for part in each.children or ()) for each in tokens)
    links = [part.attrs["href"] for each in tokens for part in each.children or () if part.type == "link_open"]

    assert sheet.citations
    for quote in items(sheet, Quote):
        assert f"{quote.text} [{quote.number}]" in " ".join(shown.split()), quote.text
    for cited in sheet.citations:
        assert {cited.url, *cited.sources} & set(links), cited.title


@pytest.mark.slow
def test_the_shipped_corpus_has_every_sentence_that_the_documents_quote(real: Library) -> None:
    meant = list(pairs(stated()))

    assert len(meant) > 100
    assert [pair for pair in meant if real.sentence(*pair) is None] == []


def test_the_registry_has_every_service_that_the_documents_name(shelf: Bookshelf) -> None:
    def named(table: Any) -> Iterator[str]:
        if isinstance(table, dict):
            for name, each in table.items():
                if name == "service":
                    yield each
                elif name in {"services", "fitting", "services_for"}:
                    yield from named(each) if isinstance(each, dict) else each
                else:
                    yield from named(each)
        elif isinstance(table, list) and table and all(isinstance(each, str) and " " not in each for each in table):
            yield from table

    known = {service.id for service in shelf.services}
    ids = {name for part in ("grade", "limit", "step", "advising") for name in named(stated()[part])}

    assert "80k-advising" in ids
    assert ids <= known


@pytest.mark.parametrize("key", KEYS)
def test_each_quote_is_a_sentence_of_its_document_and_each_number_has_one(
    key: GuideKey, library: Library, shelf: Bookshelf
) -> None:
    documents = {hit.document.path: hit.document for hit in shelf.sections.values()}
    sheet = sheet_of(key, library)
    quotes = items(sheet, Quote)

    assert quotes
    numbers = [each.number for each in sheet.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {quote.number for quote in quotes} == set(numbers)
    for quote in quotes:
        cited = sheet.citations[quote.number - 1]
        assert quote.text == cited.quote
        assert documents[cited.document].text[cited.start : cited.end] == quote.text


def test_where_an_index_states_nothing_the_document_says_nothing_of_the_world() -> None:
    library = Library(Empty())

    for key in KEYS:
        sheet = sheet_of(key, library)
        assert items(sheet, Quote) == []
        assert items(sheet, Help) == []
        assert items(sheet, Bar) == []
        assert sheet.citations == ()


def test_a_service_comes_with_its_address_its_caveat_and_when_it_was_known(library: Library) -> None:
    text = markdown(sheet_of("stand", library))

    assert "<https://80000hours.org/speak-with-us/>" in text
    assert "Places are limited and not everybody is accepted" in text
    assert "As of 2025-05." in text


# ---------------------------------------------------------------- where do I stand?


def ticked(**ticks: str) -> Answers:
    return Answers(ticks={key: tick.replace("_", "-") for key, tick in ticks.items()})


@pytest.mark.parametrize(
    ("direction", "answers", "grade"),
    [
        ("engineering", ticked(), "open"),
        ("engineering", ticked(engineer="have"), "open"),
        ("engineering", ticked(library="have"), "now"),
        ("engineering", ticked(library="have", literature="not_yet", safety="not_yet"), "train"),
        ("engineering", ticked(engineer="have", machinelearning="have", safety="not_yet"), "now"),
        ("engineering", ticked(engineer="have", machinelearning="unsure", safety="not_yet"), "train"),
        ("engineering", ticked(library="not_yet", paper="not_yet"), "train"),
        ("leading", ticked(leading="have", machinelearning="have", doctorate="not_yet"), "now"),
        ("governance", ticked(background="have", expertise="have"), "now"),
        ("unsure", ticked(quantitative="have", safety="have"), "open"),
    ],
)
def test_the_verdict_follows_from_the_ticks_alone(direction: str, answers: Answers, grade: str) -> None:
    assert judge(direction, answers, words("en")).grade == grade


@pytest.mark.parametrize("told", [{"liking": "duty"}, {"elsewhere": "yes"}])
def test_another_way_of_helping_is_named_only_to_whoever_said_what_points_there(told: dict[str, str]) -> None:
    lacking = {"literature": "not-yet", "mathematics": "not-yet"}
    had = {"literature": "have", "mathematics": "have"}

    assert judge("theory", Answers(told, lacking), words("en")).grade == "other"
    assert judge("theory", Answers({}, lacking), words("en")).grade == "train"
    assert judge("theory", Answers(told, had), words("en")).grade == "now"


def test_every_kind_of_work_has_bars_and_no_bar_is_left_over() -> None:
    question = guides()["stand"].question("directions")
    assert question is not None

    seen = [key for option in question.options for key in bars_of(option.key)]

    assert set(seen) == set(bar_keys())
    assert all(len(bars_of(option.key)) >= 3 for option in question.options)


def test_what_a_person_wrote_stands_beside_the_bar_that_it_names(library: Library) -> None:
    sheet = sheet_of("stand", library)
    bar = next(part for part in sheet.parts if part.heading == "Work on a large machine-learning library")

    mine = [item.text for item in bar.items if isinstance(item, Own) and not item.edits]
    assert mine == ["I maintain a data loader in an open-source library."]
    assert any(isinstance(item, Bar) and item.tick == "have" for item in bar.items)


@pytest.mark.parametrize(
    ("feeling", "quoted"),
    [
        ("confident", "far fewer than 10%"),
        ("doubting", "apply anyway"),
        ("rejected", "tells you little about the next"),
    ],
)
def test_what_speaks_against_a_persons_own_hunch_is_quoted(feeling: str, quoted: str, library: Library) -> None:
    sheet = sheet_of("stand", library, {"values": {"directions": ["governance"], "feeling": feeling}})
    against = next(part for part in sheet.parts if part.heading == "What speaks against your hunch")

    assert any(isinstance(item, Quote) and quoted in item.text for item in against.items)


def test_a_verdict_says_that_such_judgements_are_noisy(library: Library) -> None:
    (verdict, *_), first = items(sheet_of("stand", library), Verdict), sheet_of("stand", library).parts[0]

    assert verdict.grade == "now"
    assert "noisy" in markdown(sheet_of("stand", library)).split("## ")[1]
    assert first.heading == "Where you stand, by your own ticks"


# ---------------------------------------------------------------- my plan


def test_steps_stand_by_the_day_that_the_person_chose_and_no_day_is_added(library: Library) -> None:
    steps = items(sheet_of("plan", library), ToDo)

    assert [(step.text, step.by) for step in steps] == [
        ("Apply for a talk with an adviser", date(2026, 12, 3)),
        ("Write one short policy memo", date(2026, 12, 26)),
        ("Tell Ana about this plan", None),
    ]


@pytest.mark.slow
def test_what_would_have_to_be_found_out_is_answered_by_quotes_for_that_kind_of_work(real: Library) -> None:
    first, second = [part for part in sheet_of("plan", real).parts if part.heading.startswith("Option ")]

    assert any(isinstance(item, Quote) and "great care" in item.text for item in first.items)
    assert any(isinstance(item, Quote) and "small concrete projects" in item.text for item in second.items)
    assert any(isinstance(item, Quote) and "do not strictly need a PhD" in item.text for item in second.items)


# ---------------------------------------------------------------- prepare for advising


def test_the_page_for_an_adviser_is_the_persons_own_words_in_order(library: Library) -> None:
    guide = guides()["advising"]
    sheet = sheet_of("advising", library)
    page = [part for part in sheet.parts if part.level == 3]

    assert len([question for question in guide.questions if not question.in_document]) == 6
    assert [part.heading for part in page] == [q.page for q in guide.questions if not q.in_document]
    own = [item for part in page for item in part.items if isinstance(item, Own)]
    assert len(own) == sum(len(part.items) for part in page)
    assert [item.text for item in own if item.text] == [
        "Twelve years of backend engineering in Berlin.",
        "apply to labs",
        "an evals team",
        "Whether a lab job does more good than harm.",
    ]


def test_questions_to_ask_are_made_of_what_was_written_and_what_was_left_open(library: Library) -> None:
    asks = [f"{ask.before}{ask.said}{ask.behind}" for ask in items(sheet_of("advising", library), Ask)]

    assert any("Whether a lab job does more good than harm." in ask for ask in asks)
    assert any("apply to labs; an evals team" in ask for ask in asks)
    assert any("I haven't written down what I tried" in ask for ask in asks)


def test_whoever_is_well_into_a_career_is_told_of_advisers_for_that(real: Library) -> None:
    names = [each.service.id for each in items(sheet_of("advising", real), Help)]

    assert names[:2] == ["80k-advising", "aisafety-advisors"]
    assert "successif" in names


# ---------------------------------------------------------------- somebody in danger


@pytest.mark.parametrize("key", KEYS)
def test_somebody_who_may_be_in_danger_is_told_first_whom_to_call(key: GuideKey, real: Library) -> None:
    where = {"stand": "done", "plan": "turn", "advising": "draw"}[key]

    sheet = sheet_of(key, real, {"values": {where: "I don't want to live any more."}})

    assert sheet.parts[0].heading == "First of all"
    assert {each.service.kind for each in sheet.parts[0].items if isinstance(each, Help)} == {"helpline"}


@pytest.mark.parametrize(("code", "words_of_theirs"), [("de", "Ich will nicht mehr leben."), ("zh", "我不想活了。")])
def test_somebody_in_danger_is_told_so_in_the_language_that_they_write_in(
    code: str, words_of_theirs: str, real: Library
) -> None:
    sheet = compose("plan", read("plan", {"values": {"turn": words_of_theirs}}), TODAY, real, code)

    assert sheet.parts[0].heading == words(code)("danger.first")
    assert items(sheet, Help)[0].service.kind == "helpline"


def test_a_note_on_policy_is_no_farewell(real: Library) -> None:
    done = "I wrote a note on AI procurement for parliament."

    assert sheet_of("stand", real, {"values": {"done": done}}).parts[0].heading != "First of all"


# ---------------------------------------------------------------- taken away, and brought back


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_a_document_that_is_saved_and_read_again_is_the_same_to_the_letter(key: GuideKey, real: Library) -> None:
    saved = json_text(sheet_of(key, real))

    stored = read_json(saved, TODAY)

    assert json_text(compose(stored.guide, stored.answers, stored.written, real)) == saved


@settings(deadline=None, max_examples=60)
@given(
    st.text(max_size=200),
    st.lists(st.text(min_size=1, max_size=60), max_size=3),
    st.lists(st.tuples(st.text(max_size=60), st.one_of(st.none(), st.dates(TODAY, date(2030, 1, 1)))), max_size=6),
)
def test_whatever_was_answered_is_read_again_as_it_was(
    goal: str, options: list[str], steps: list[tuple[str, date | None]]
) -> None:
    given = {
        "values": {
            "goal": goal,
            "options": options,
            "steps": [{"do": do, "by": by.isoformat() if by else None} for do, by in steps],
        }
    }
    answers = read("plan", given)

    assert read("plan", json.loads(json.dumps(answers_json(answers)))) == answers


def test_a_forged_quote_in_a_file_is_never_believed(library: Library) -> None:
    forged = sheet_json(sheet_of("stand", library))
    text = json.dumps(forged).replace("An Anthropic hiring manager", "God")
    assert "God" in text

    stored = read_json(text, TODAY)

    assert "God" not in json_text(compose(stored.guide, stored.answers, stored.written, library))


def stored(**changed: Any) -> str:
    whole = {"format": FORMAT, "version": 1, "guide": "stand", "written": "2026-11-26", "answers": {"values": {}}}
    return json.dumps(whole | changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "not JSON at all",
        "\x00",
        "[" * 100_000,
        "1" * (FILE_LIMIT + 1),
        stored(format="other"),
        stored(version=2),
        stored(version=True),
        stored(version="1"),
        stored(guide="constructor"),
        stored(guide=["stand"]),
        stored(extra=1),
        stored(written="tomorrow"),
        stored(written="2031-01-01"),
        stored(written=None),
        stored(written=20261126),
        stored(answers=None),
        stored(answers=[]),
        stored(answers={"values": {"__proto__": "x"}}),
        stored(answers={"values": {"done": ["a"]}}),
        stored(answers={"values": {"done": "x" * (TEXT_LIMIT + 1)}}),
        stored(answers={"values": {"directions": "engineering"}}),
        stored(answers={"values": {"directions": ["flying"]}}),
        stored(answers={"values": {"directions": ["engineering", "leading", "theory"]}}),
        stored(answers={"values": {"feeling": {"a": 1}}}),
        stored(answers={"ticks": {"library": "certainly"}}),
        stored(answers={"ticks": {"nothing": "have"}}),
        stored(answers={"notes": {"library": 5}}),
        stored(guide="plan", answers={"ticks": {"library": "have"}}),
        stored(guide="plan", answers={"values": {"steps": [{"do": "x", "by": "2026-13-01"}]}}),
        stored(guide="plan", answers={"values": {"steps": [{"do": "x", "by": "9999-01-01"}]}}),
        stored(guide="plan", answers={"values": {"steps": ["x"]}}),
        stored(guide="plan", answers={"values": {"unknowns": ["about no option"]}}),
    ],
)
def test_what_is_no_file_of_ours_ends_in_one_sentence(text: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_json(text, TODAY)

    said = str(refused.value)
    assert said.endswith(".")
    assert len(said) < 200
    assert "\n" not in said


@pytest.mark.parametrize("hostile", [*TEXTS.values(), *MARKUP.values()])
def test_hostile_words_stay_words_in_markdown(hostile: str) -> None:
    library = Library(Empty())
    sheet = sheet_of("advising", library, {"values": {"draw": f"a {hostile}"[:TEXT_LIMIT], "ask": [hostile[:200]]}})

    tokens = MarkdownIt().parse(markdown(sheet))

    inner = [child for token in tokens for child in token.children or []]
    assert not [each for each in [*tokens, *inner] if each.type in {"html_block", "html_inline", "image", "link_open"}]
    assert len([each for each in tokens if each.type == "heading_open"]) == len(sheet.parts) + 1


def test_every_question_may_be_skipped(library: Library) -> None:
    for key in KEYS:
        assert markdown(sheet_of(key, library, {"values": {}})).startswith(f"# {guides()[key].title}")


def test_each_question_says_why_it_is_asked_and_no_tick_is_preset() -> None:
    questions = [question for guide in guides().values() for question in guide.questions]

    assert all(question.why.endswith(".") and question.title[-1] in "?r.e" for question in questions)
    assert TICKS == ("have", "not-yet", "unsure")
    assert Answers().empty


# ---------------------------------------------------------------- in a terminal


class Typist:
    """A person at a terminal, who types these lines and then nothing more."""

    def __init__(self, *lines: str) -> None:
        self.lines = iter(lines)
        self.told: list[str] = []

    @property
    def terminal(self) -> Terminal:
        return Terminal(self.ask, self.told.append, TODAY)

    def ask(self, prompt: str) -> str | None:
        return next(self.lines, None)


def test_a_plan_is_made_in_a_terminal_with_days_counted_from_today(library: Library) -> None:
    typist = Typist(
        "To know whether this is for me.",
        *("AI person in the ministry", "a PhD", ""),
        *("6", ""),
        *("", "Do I need one?"),
        "2, 3",
        *("1 in a week", "Tell Ana, 2026-12-24", "6, month", ""),
        "If I dread it.",
    )

    sheet = converse("plan", library, None, typist.terminal)

    assert sheet.answers.lines("options") == ("AI person in the ministry", "a PhD")
    assert sheet.answers.lines("doubts") == ("use", "")
    assert sheet.answers.lines("unknowns") == ("", "Do I need one?")
    assert sheet.answers.lines("limits") == ("hours", "place")
    assert [(step.do, step.by) for step in sheet.answers.steps("steps")] == [
        ("advising", date(2026, 12, 3)),
        ("Tell Ana", date(2026, 12, 24)),
        ("memo", date(2026, 12, 26)),
    ]
    assert sheet.answers.text("turn") == "If I dread it."


def test_bars_are_ticked_one_by_one_in_a_terminal_after_their_quotes(library: Library) -> None:
    typist = Typist("9", "1", "", "", "", "", "", "maybe", "1", "1")

    sheet = converse("stand", library, None, typist.terminal)

    assert sheet.answers.ticks == {"library": "have", "paper": "have"}
    assert any("numbers from 1 to 7" in line for line in typist.told)
    assert any("fix a serious bug" in line for line in typist.told)


def test_whoever_leaves_early_or_closes_the_terminal_gets_what_there_is(library: Library) -> None:
    for lines in (("Twelve years of law.", "/leave", "not read"), ("Twelve years of law.",)):
        sheet = converse("advising", library, None, Typist(*lines).terminal)
        assert sheet.answers.values == {"background": "Twelve years of law."}


def test_a_conversation_goes_on_from_a_file_and_keeps_what_is_not_typed_anew(library: Library, tmp_path: Path) -> None:
    save(sheet_of("plan", library), tmp_path / "plan.json")
    before = load(tmp_path / "plan.json", "plan", TODAY)

    sheet = converse("plan", library, before, Typist("Another goal.", "/leave").terminal)

    assert sheet.answers.text("goal") == "Another goal."
    assert sheet.answers.steps("steps") == before.answers.steps("steps")
    with pytest.raises(WrongUse, match="career-advisor guide plan"):
        load(tmp_path / "plan.json", "stand", TODAY)
    with pytest.raises(WrongUse, match=r"\.md or \.json"):
        save(sheet, tmp_path / "plan.txt")


# ---------------------------------------------------------------- the page's door


def test_the_door_gives_the_document_as_shown_and_as_files(library: Library, shelf: Bookshelf) -> None:
    sheet = sheet_of("advising", library)

    made = Desk(shelf).make(json_text(sheet))

    assert made["files"]["json"]["text"] == json_text(sheet)
    assert made["files"]["md"]["text"] == markdown(sheet)
    assert made["answers"] == answers_json(sheet.answers)
    assert [each["number"] for each in made["shown"]["citations"]] == [each.number for each in sheet.citations]


@pytest.mark.slow
def test_the_door_refuses_kindly_what_it_cannot_read_and_keeps_nothing(shelf: Bookshelf) -> None:
    with served(ScriptedAnswerer(), sources=shelf) as url:
        for body in (b"", b"\xff\xfe", b"[]", stored(version=9).encode(), b"x" * 60_000):
            answer = httpx.post(f"{url}/guided", content=body)
            assert answer.status_code == 422
            assert answer.json()["trouble"].endswith(".")
        assert httpx.post(f"{url}/guided", content=stored()).status_code == 200
        assert httpx.post(f"{url}/guided", content=b"x" * 70_000).status_code == 413
        assert httpx.get(f"{url}/guided").status_code == 404
        foreign = httpx.post(f"{url}/guided", content=stored(), headers={"origin": "https://elsewhere.example"})
        assert foreign.status_code == 403
        assert httpx.post(f"{url}/guided", content=stored()).headers["cache-control"] == "no-store"


def test_the_door_counts_how_often_somebody_comes(shelf: Bookshelf) -> None:
    with served(ScriptedAnswerer(), rate=guard.Rate(burst=2, every_s=600), sources=shelf) as url:
        assert [httpx.post(f"{url}/guided", content=stored()).status_code for _ in range(3)] == [200, 200, 429]


def test_where_there_are_no_guided_conversations_there_is_no_door() -> None:
    with served(ScriptedAnswerer()) as url:
        assert httpx.post(f"{url}/guided", content=stored()).status_code in {404, 405}
