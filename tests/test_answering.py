"""A quoted answer is chosen for the question, reads in order, and says nothing of its own about the world."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from career_advisor.answering import PLAIN, compose, follow_ups, likely, nothing_on, quotes
from career_advisor.bounds import bound_of
from career_advisor.gaps import known_gaps
from career_advisor.records import Citation, Document, Hit, Kind, Message, Section, Span, Status
from career_advisor.text import Asked


def page(*sections: tuple[str, list[str]], path: str = "page.md", kind: Kind = "our summary") -> Document:
    text, parts = "", []
    for heading, sentences in sections:
        start = len(text)
        text += " ".join(sentences) + "\n\n"
        wordings = (f"{heading} in other words",) if heading else ()
        parts.append(Section((heading,) if heading else (), (Span(start, len(text) - 2),), wordings))
    return Document(path, text, path.removesuffix(".md").title(), tuple(parts), kind=kind)


def hit(document: Document, section: int, scores: list[float], *, score: float = 3.0, ends: str = ". ") -> Hit:
    block = document.sections[section].blocks[0]
    spans, at = [], block.start
    for piece in document.text[block.start : block.end].split(ends):
        end = min(at + len(piece) + len(ends.rstrip()), block.end)
        spans.append(Span(at, end))
        at = end + len(ends) - len(ends.rstrip())
    return Hit(document, section, block.start, block.end, score, tuple(spans[: len(scores)]), tuple(scores))


DEGREES = page(
    (
        "Do I need a PhD?",
        [
            "A PhD is not strictly needed.",
            "Engineers mostly have none.",
            "Bananas are yellow fruit.",
            "Research leads often hold a doctorate.",
        ],
    ),
    ("Who should do one?", ["A doctorate suits people who want its research for its own sake."]),
    path="degrees.md",
)


def test_the_likeliest_sentence_leads_the_unlikely_stay_out_and_the_rest_keeps_the_authors_order() -> None:
    drafts = quotes([hit(DEGREES, 0, [0.1, 0.4, -4.0, 1.0])])

    assert [d.text for d in drafts] == [
        "Research leads often hold a doctorate.",
        "A PhD is not strictly needed.",
        "Engineers mostly have none.",
    ]


def test_of_sentences_about_as_likely_the_authors_first_leads() -> None:
    drafts = quotes([hit(DEGREES, 0, [0.1, 0.7, -4.0, 1.0])])

    assert [d.text for d in drafts] == [
        "Engineers mostly have none.",
        "A PhD is not strictly needed.",
        "Research leads often hold a doctorate.",
    ]


def test_an_adviser_is_told_of_once_unless_it_was_asked_about() -> None:
    said = ["Successif helps people to change careers.", "Experience is wanted.", "Successif is free of charge."]
    advisers = lambda text: frozenset({"successif"} if "successif" in text.lower() else ())  # noqa: E731
    found = [hit(page(("Who advises me?", said)), 0, [1.0, 0.5, 0.4])]

    once = quotes(found, advisers=advisers, asked="Am I too old?")
    asked_about = quotes(found, advisers=advisers, asked="What does Successif cost?")

    assert [d.text for d in once] == said[:2]
    assert [d.text for d in asked_about] == said


def test_sentences_of_one_source_do_not_repeat_each_other_for_its_name_nor_where_one_has_more_figures() -> None:
    said = [
        "MATS lasts 12 weeks and pays a stipend of about 15,000 dollars, the AI Safety Careers Guide of May 2026 says.",
        "Besides its stipend, MATS gives housing and 12,000 dollars, says the AI Safety Careers Guide of May 2026.",
        "MATS pays a stipend and lasts weeks, the AI Safety Careers Guide of May 2026 says.",
    ]
    found = hit(page(("Does MATS pay?", said)), 0, [3.0, 2.0, 1.0])

    assert [d.text for d in quotes([found])] == said[:2]


@pytest.mark.parametrize(
    "said",
    [
        [
            "The fellowship took under 2% of applicants in one round: 32 out of 2,000, an essay of December 2025 says.",
            "An applicant's chances are small: one round of the fellowship picked 32 of 2,000, under 2%, an essay of"
            " 19 December 2025 says.",
        ],
        [
            "For engineers moving into machine learning, 80,000 Hours has a phased plan of 200 hours, a listing says.",
            "Engineers who move into machine learning get a phased plan of 200 hours from 80,000 Hours:"
            " https://80000hours.org/articles/plan/.",
        ],
    ],
)
def test_a_day_or_an_address_makes_no_repetition_new(said: list[str]) -> None:
    found = hit(page(("How selective is it?", said)), 0, [3.0, 2.0])

    assert [d.text for d in quotes([found])] == said[:1]


def test_what_belongs_is_chosen_by_and_not_how_it_was_found() -> None:
    found = replace(hit(DEGREES, 0, [9.0, 0.1, 0.2, 0.3]), belongs=(-5.0, 2.0, -5.0, -5.0))

    assert [d.text for d in quotes([found])] == ["Engineers mostly have none."]


def test_of_what_hardly_belongs_the_best_sentence_is_quoted_alone() -> None:
    found = replace(hit(DEGREES, 0, [1.0, 1.0, 1.0, 1.0]), belongs=(-5.0, -4.0, -6.0, -5.0))

    assert [d.text for d in quotes([found])] == ["Engineers mostly have none."]


def test_where_the_mark_was_not_measured_some_more_of_what_comes_near_is_quoted() -> None:
    bare = replace(DEGREES, sections=tuple(replace(each, wordings=()) for each in DEGREES.sections))
    found = replace(hit(bare, 0, [1.0, 1.0, 1.0, 1.0]), belongs=(-3.0, -2.0, -9.0, -4.0))

    assert len(quotes([found])) == 3
    assert likely([found])  # nobody measured that it is not


def test_a_section_for_people_in_another_situation_is_quoted_to_whoever_asked_for_it() -> None:
    turned_down = replace(DEGREES, sections=(replace(DEGREES.sections[0], presumes="rejected"), *DEGREES.sections[1:]))
    beside = replace(hit(turned_down, 0, [2.0]), wording=0.3)
    asked = replace(beside, wording=0.8)

    assert quotes([beside]) == ()
    assert len(quotes([asked])) == 1
    assert len(quotes([beside], states=frozenset({"rejected"}))) == 1


def test_whoever_asks_what_something_is_gets_first_what_it_is() -> None:
    control = page(("What is AI control?", ["AI control can be learned alone.", "Control is the search for safe use."]))
    found = hit(control, 0, [2.0, 1.0])

    assert quotes([found])[0].text == "AI control can be learned alone."
    for asked in ("what is AI control", "Whats control?", "What does AI control mean?"):
        assert quotes([found], asked=asked)[0].text == "Control is the search for safe use."


def test_how_we_know_of_something_is_not_quoted() -> None:
    labs = page(("Do labs hire?", ["Some labs hire engineers.", "Career Advisor knows the guide from a list only."]))

    assert [d.text for d in quotes([hit(labs, 0, [1.0, 2.0])])] == ["Some labs hire engineers."]


def test_a_passage_is_chosen_from_and_not_dumped() -> None:
    drafts = quotes([hit(DEGREES, 0, [3.0, 2.9, 2.8, 2.9])])

    assert 1 < len(drafts) <= 4


def test_another_section_joins_only_when_its_sentence_likely_belongs() -> None:
    near = quotes([hit(DEGREES, 0, [3.0]), hit(DEGREES, 1, [0.5])])
    far = quotes([hit(DEGREES, 0, [3.0]), hit(DEGREES, 1, [-2.5])])

    assert len(near) == 2
    assert len(far) == 1


def test_the_same_thing_is_not_said_twice() -> None:
    other = page(("Is a degree needed?", ["Strictly, a PhD is not needed."]), path="other.md")

    drafts = quotes([hit(DEGREES, 0, [3.0]), hit(other, 0, [3.0])])

    assert len(drafts) == 1


def test_a_sentence_that_points_back_brings_the_one_before_it() -> None:
    plain = page(("", ["Miles made a talk.", "He says that trying is worth it."]), kind="source text")

    drafts = quotes([hit(plain, 0, [1.0, 3.0])])

    assert [d.text for d in drafts] == ["Miles made a talk. He says that trying is worth it."]


def test_speech_without_punctuation_is_quoted_in_a_stretch_long_enough_to_understand() -> None:
    clauses = [f"so here is clause number {i} of a long talk" for i in range(12)]
    talk = page(("", clauses), path="talk.txt", kind="source text")
    block = talk.sections[0].blocks[0]
    spans, at = [], 0
    for clause in clauses:
        spans.append(Span(at, at + len(clause)))
        at += len(clause) + 1
    found = Hit(talk, 0, block.start, block.end, 3.0, tuple(spans), tuple(float(i == 6) for i in range(12)))

    (draft,) = quotes([found])

    assert 40 <= len(draft.text.split()) <= 70
    assert "clause number 6" in draft.text
    assert draft.span is not None
    assert talk.text[draft.span.start : draft.span.end] == draft.text


def test_each_part_of_a_life_story_gets_its_sentence() -> None:
    whole = [hit(DEGREES, 0, [3.0])]
    other = page(("Am I too old?", ["Age is no bar to engineering work."]), path="age.md")

    drafts = quotes(whole, [[hit(other, 0, [3.0])]])

    assert [d.text for d in drafts] == ["A PhD is not strictly needed.", "Age is no bar to engineering work."]
    assert [d.cited for d in drafts] == [(0,), (1,)]


def said(status: str, **changed: object) -> str:
    given: dict[str, object] = {
        "lacking": None,
        "unknown": (),
        "feeling": None,
        "history": (),
        "documents": [DEGREES],
        "helplines": ("Call 1.",),
    }
    drafts = compose(status, "asked", [hit(DEGREES, 0, [3.0, 2.9])], [], **(given | changed))  # type: ignore[arg-type]
    return " ".join(draft.text for _, draft in drafts)


def test_a_decline_names_what_is_not_known_and_quotes_nothing() -> None:
    text = said("not_covered", lacking="pay", unknown=("Anthropic",))

    assert text == "My sources don't say what is paid at Anthropic, so I won't guess."


@pytest.mark.parametrize(
    ("lacking", "unknown", "kind", "says"),
    [
        (None, ["Ghana"], "visas", "say much about visas"),
        ("place", ["ETH"], "studies", "say much about particular universities"),
        ("salary", ["DeepMind"], "pay", "say what exactly that job pays at DeepMind"),
        (None, ["Bengio"], "person", "mention “Bengio”"),
        (None, ["Ghana"], None, "mention “Ghana”"),
    ],
)
def test_a_kind_of_gap_is_said_before_a_name_that_stands_nowhere_and_behind_an_amount(
    lacking: Asked | None, unknown: list[str], kind: str | None, says: str
) -> None:
    drafts = compose(
        "not_covered",
        "?",
        [],
        [],
        lacking=lacking,
        unknown=unknown,
        gap=known_gaps()[kind] if kind else None,
        feeling=None,
        history=[],
        documents=[],
        helplines=[],
    )

    assert f"My sources don't {says}" in drafts[0][1].text


def test_partly_says_the_gap_before_what_is_near() -> None:
    text = said("partly", lacking="date")

    assert text.startswith("My sources don't give a date")
    assert "A PhD is not strictly needed." in text


def test_off_topic_says_what_it_is_for_by_what_it_has_read() -> None:
    assert "“Degrees”" in said("off_topic")


def test_danger_is_answered_with_help_and_nothing_from_the_corpus() -> None:
    text = said("urgent")

    assert "emergency number" in text
    assert "Call 1." in text
    assert "PhD" not in text


def test_a_kind_line_is_not_said_twice_in_a_conversation() -> None:
    first = said("answered", feeling="doubt")
    line = first.split(" A PhD")[0]

    again = said("answered", feeling="doubt", history=[Message("user", "x"), Message("assistant", first)])

    assert line
    assert line not in again


def test_whoever_tells_of_themselves_is_told_what_was_looked_up_for_them() -> None:
    told = {"known": 2, "about": ["coming from software", "having little time", "being turned down"]}

    first = said("answered", **told)
    again = said("answered", **told, history=[Message("assistant", first)])
    third = said("answered", **told, history=[Message("assistant", first), Message("assistant", again)])

    assert first.startswith("Thank you for telling me.")
    assert "coming from software and having little time." in first
    assert "Thank you" not in again
    assert "coming from software" in again
    assert third.startswith("A PhD is not strictly needed.")


def test_whoever_wants_to_be_judged_is_told_that_nobody_can_from_a_few_lines() -> None:
    judged = said("answered", verdict=True)
    kindly = said("answered", verdict=True, feeling="hardship")

    assert judged.startswith("I can't judge that from a few lines")
    assert "A PhD is not strictly needed." in judged
    assert kindly.startswith("That sounds hard")
    assert "I can't judge that" in kindly
    assert said("answered", verdict=True, feeling="doubt").startswith("I can't judge that")


def test_a_name_that_stands_nowhere_is_said_in_the_persons_own_words() -> None:
    assert "My sources don't mention “Zürich” or “Turkish”." in said("partly", unknown=("Zürich", "Turkish"))


def test_of_a_name_that_stands_somewhere_nobody_is_told_that_the_sources_do_not_mention_it() -> None:
    elsewhere = replace(DEGREES, text="The fellowship has a workspace in toronto.")
    text = said("partly", unknown=("Toronto",), documents=[DEGREES, elsewhere])
    both = said("partly", unknown=("Toronto", "Ghent"), documents=[DEGREES, elsewhere])

    assert text.startswith("My sources don't say that about “Toronto”.")
    assert both.startswith("My sources don't mention “Ghent”.")


def test_whom_a_thing_concerns_is_said_to_know_it_best() -> None:
    assert "Whoever it concerns knows best" in said("not_covered", lacking="pay", unknown=("Anthropic",), offered=True)
    assert "Whoever it concerns" not in said("not_covered", offered=True)


def test_nobody_is_promised_where_only_pages_are_shown() -> None:
    assert "The pages below may tell you more." in said("not_covered", offered=True, people=False)
    assert "people below" not in said("not_covered", lacking="pay", unknown=("Anthropic",), offered=True, people=False)


def test_whoever_asks_something_is_not_told_first_what_else_was_looked_up() -> None:
    assert "I looked for" not in said("answered", known=2, about=["coming from software"], asking=1)


def test_follow_ups_are_questions_the_index_answers_that_were_not_asked_or_quoted() -> None:
    found = hit(DEGREES, 0, [3.0])
    quoted = Citation(
        1,
        "degrees.md",
        "Degrees",
        None,
        0,
        5,
        "A PhD",
        None,
        None,
        None,
        None,
        None,
        "our summary",
        (),
        ("Do I need a PhD?",),
    )

    assert follow_ups([found], [quoted], []) == ("Who should do one?",)
    assert follow_ups([found], [quoted], [Message("user", "who should do one?")]) == ()


def test_what_could_be_asked_next_begins_with_what_likeliest_belongs() -> None:
    pages = page(("What pays?", ["Pay varies."]), ("Who hires?", ["Labs hire."]), ("Where?", ["In London."]))
    found = [replace(hit(pages, i, [1.0]), belongs=(odds,)) for i, odds in enumerate((-3.0, -0.5, -1.0))]

    assert follow_ups(found, [], []) == ("Who hires?", "Where?")  # what pays hardly belongs
    assert follow_ups([replace(found[0], belongs=(-1.4,)), *found[1:]], [], [])[2:] == ("What pays?",)


def test_a_question_that_tells_something_of_its_asker_is_suggested_to_whoever_said_the_like() -> None:
    pages = page(("Who hires?", ["Labs hire."]), ("I have no savings; can I still help?", ["You can."]))
    labs, savings = replace(hit(pages, 0, [1.0]), wording=0.9), hit(pages, 1, [0.9])

    assert follow_ups([labs, savings], [], []) == ("Who hires?",)
    assert len(follow_ups([labs, replace(savings, wording=0.6)], [], [])) == 2


def test_behind_three_quotes_only_likelier_ones_follow() -> None:
    five = page(("Do labs hire?", ["Labs hire.", "Banks do.", "Schools do too.", "Shops may.", "Farms might."]))

    assert len(quotes([hit(five, 0, [-0.5, -0.9, -0.95, -0.8, -0.95])])) == 3
    assert len(quotes([hit(five, 0, [-0.5, -0.6, -0.5, -0.6, -1.1])])) == 4


def test_an_amount_that_was_asked_for_counts_where_nobody_measured_what_belongs_and_only_there() -> None:
    bare = replace(DEGREES, sections=tuple(replace(each, wordings=()) for each in DEGREES.sections))
    scores = [-0.9, -2.0, -9.0, -9.0]

    def first(document: Document) -> str:
        return quotes([hit(document, 0, scores)], wanted=lambda text: "Engineers" in text)[0].text

    assert first(bare) == "Engineers mostly have none."
    assert first(DEGREES) == "A PhD is not strictly needed."


def test_what_comes_near_cites_the_hits_in_their_places_also_those_of_the_parts() -> None:
    pages = [page((f"Heading {i}?", [f"Thing{i} is number{i}."]), path=f"{i}.md") for i in range(6)]
    hits = [hit(each, 0, [3.0], score=3.0 - i) for i, each in enumerate(pages[:5])]
    facets = [[hit(pages[5], 0, [4.0], score=4.0)]]
    pool = [*hits, *facets[0]]

    drafts = compose(
        "partly",
        "thing?",
        hits,
        facets,
        lacking=None,
        unknown=(),
        feeling=None,
        history=(),
        documents=pages,
        helplines=(),
    )

    quoted = [draft for _, draft in drafts if draft.origin == "quote"]
    assert "5.md" in {pool[draft.cited[0]].document.path for draft in quoted}
    assert all(draft.text in pool[draft.cited[0]].text for draft in quoted)


def test_what_is_said_to_anybody_in_a_situation_is_said_in_one_sentence() -> None:
    general = page(("Can I change over?", ["Many people change over.", "Mathematicians change over quickly."]))
    facets = [[hit(general, 0, [4.0, 3.9], score=9.0)]]

    known = quotes([], facets, known=1)
    asked = quotes([], facets, known=0)

    assert [draft.text for draft in known] == ["Many people change over."]
    assert [draft.text for draft in asked] == ["Many people change over.", "Mathematicians change over quickly."]


def test_each_of_several_questions_has_its_sentence_before_one_has_more() -> None:
    first = page(("What about the first?", ["Houses have roofs.", "Gardens need rain.", "Wells run dry."]))
    second = page(("What about the second?", ["Another matter altogether costs nothing."]), path="second.md")
    unlikely = page(("What about the third?", ["Whales sing."]), path="third.md")
    facets = [
        [hit(first, 0, [3.0, 2.9, 2.8])],
        [hit(second, 0, [-1.0])],
        [hit(unlikely, 0, [-3.0])],
    ]
    shape = PLAIN._replace(sentences=3)

    of_each = [draft.text for draft in quotes([], facets, asking=3, shape=shape)]
    of_the_best = [draft.text for draft in quotes([], facets, asking=0, shape=shape)]

    assert "Another matter altogether costs nothing." in of_each
    assert len(of_each) == 3
    assert of_the_best == ["Houses have roofs.", "Gardens need rain.", "Wells run dry."]
    assert "Whales sing." not in of_each


@pytest.mark.parametrize(
    ("question", "back"),
    [
        ("And how big a pay cut is it, I'm at 240k?", "how big a pay cut is it"),
        ("Also, does it hurt you?", "does it hurt you"),
        ("My questions are these: is there a place for me", "is there a place for me"),
        ("Should I finish the degree, which is 14 more months", "Should I finish the degree"),
        ("Seems pointless to start now, no?", "Seems pointless to start now"),
    ],
)
def test_a_question_is_said_back_without_what_stands_around_it(question: str, back: str) -> None:
    assert nothing_on([question]) == f"I found little or nothing in my sources on “{back}”."


@pytest.mark.parametrize(
    ("asked", "hands_over"), [("can u write to her for me?", True), ("Does my NDA forbid me to say so?", False)]
)
def test_whoever_wants_what_no_guidance_can_do_is_told_so_first(asked: str, hands_over: bool) -> None:
    bound = bound_of(asked)
    assert bound is not None

    declined = written("not_covered", asked, offered=True, bound=bound)
    near = written("partly", asked, lacking="address", bound=bound)
    answered = written("answered", asked, bound=bound)

    assert declined.startswith(bound.says)
    assert ("whom to ask" in declined) is hands_over
    assert near.startswith(f"{bound.says} What comes nearest:")
    assert answered.startswith(f"{bound.says} What comes nearest:")
    assert bound.says not in written("answered", asked, bound=bound, aside=True)


def test_what_has_the_figure_of_the_very_name_leads() -> None:
    found = [
        replace(hit(DEGREES, 0, [1.0, 1.0, 1.0, 1.0]), belongs=(0.5, -5.0, -5.0, -5.0)),
        replace(hit(DEGREES, 1, [1.0]), belongs=(-0.5,)),
    ]

    leading, *_ = quotes(found)
    told, *_ = quotes(found, told=lambda text: text.startswith("A doctorate suits"))

    assert leading.text == "A PhD is not strictly needed."
    assert told.text.startswith("A doctorate suits")


def written(status: Status, asked: str, **given: Any) -> str:
    told: dict[str, Any] = {"lacking": None, "unknown": (), "feeling": None, "history": (), "helplines": (), **given}
    drafts = compose(status, asked, [hit(DEGREES, 0, [1.0, 1.0])], (), documents=(DEGREES,), **told)
    return " ".join(draft.text for _, draft in drafts)


def test_a_long_question_is_said_back_by_its_beginning() -> None:
    said = nothing_on([" ".join(["why"] * 40) + "?"])

    assert said == f"I found little or nothing in my sources on “{' '.join(['why'] * 20)} …”."


def test_questions_that_nothing_was_found_on_are_named_in_the_persons_own_words() -> None:
    said = nothing_on(["Which UK visa would I use?", "do they  pay for my cat"])

    assert (
        said == "I found little or nothing in my sources on “Which UK visa would I use” and “do they pay for my cat”."
    )
    found = hit(DEGREES, 0, [9.0, 9.0])
    assert likely([replace(found, belongs_by_words=(-5.0, 0.5))])  # so it is not among them
    assert not likely([replace(found, belongs=(2.0, 2.0), belongs_by_words=(-5.0, -4.0)), found])


def test_nobody_is_led_on_to_what_is_for_people_in_another_situation() -> None:
    turned_down = replace(DEGREES, sections=(DEGREES.sections[0], replace(DEGREES.sections[1], presumes="rejected")))

    assert follow_ups([hit(turned_down, 0, [2.0])], [], []) == ("Do I need a PhD?",)
    assert len(follow_ups([hit(turned_down, 0, [2.0])], [], [], states=frozenset({"rejected"}))) > 1
