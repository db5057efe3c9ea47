"""People are handed over to somebody who can help, chosen from what they wrote and from the registry alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from career_advisor.embedding import Encoder
from career_advisor.index import VectorCache
from career_advisor.matching import Matcher
from career_advisor.records import CorpusError, Offer, Status
from career_advisor.referral import Needs, Registry, check, choose, load_registry, set_aside, understand
from career_advisor.settings import shipped_corpus

REQUIRED = {"80k-advising", "80k-career-guide", "80k-job-board", "aisafety-advisors", "aisafety-courses", "bluedot"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(shipped_corpus() / "services.toml")


@pytest.fixture(scope="module")
def needs(remembering: VectorCache) -> Needs:
    return Needs.of(remembering)


MATCHERS: dict[tuple[str, ...], Matcher] = {}
"""By the ids of a registry: what services are for is embedded once."""


def offers(
    question: str,
    registry: Registry,
    needs: Needs,
    encoder: Encoder,
    *,
    status: Status = "answered",
    told: Sequence[str] | None = None,
) -> tuple[Offer, ...]:
    ids = tuple(service.id for service in registry.services)
    if ids not in MATCHERS:
        MATCHERS[ids] = Matcher.of(encoder.identity.name, encoder, registry.services, registry.needs)
    message = understand(question, encoder.encode([question])[0], status, registry, needs, told=told)
    return choose(question, message, status, registry, MATCHERS[ids])


def offered(
    question: str, registry: Registry, needs: Needs, encoder: Encoder, status: Status = "answered"
) -> list[str]:
    return [offer.service.id for offer in offers(question, registry, needs, encoder, status=status)]


def test_where_the_sources_have_no_answer_two_are_offered_that_may_have_one(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    asked = "Which lab has the nicest office?"

    assert offered(asked, registry, needs, light_encoder, "not_covered") == ["80k-job-board", "80k-advising"]
    assert offered(asked, registry, needs, light_encoder, "answered") == ["80k-job-board"], "two are one too many there"


@pytest.mark.parametrize(
    ("question", "service"),
    [
        ("Is there a human I could talk this through with?", "80k-advising"),
        ("Where are vacancies advertised?", "80k-job-board"),
        ("Which course would teach me the foundations?", "bluedot"),
        ("I can code but never did machine learning, how do I catch up?", "aisafety-courses"),
        ("I'd rather read something about choosing a career than have a call", "80k-career-guide"),
        ("After 20 years in banking I want to switch careers", "successif"),
        ("As a woman in engineering, can I get a mentor?", "magnify-mentoring"),
        ("Who funds independent research?", "aisafety-funding"),
        ("I don't know anybody who cares about this, where do such people meet?", "aisafety-communities"),
        ("what is blue dot", "bluedot"),
    ],
)
def test_the_service_that_answers_a_need_is_offered(
    question: str, service: str, registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    assert service in offered(question, registry, needs, light_encoder)


@pytest.mark.parametrize(
    "question",
    [
        "What did Newton do?",
        "What is the difference between theory and empirical work?",
        "Why do incentives distort research?",
    ],
)
def test_a_question_of_knowledge_sends_nobody_anywhere(
    question: str, registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    assert offered(question, registry, needs, light_encoder) == []


def test_where_the_sources_have_no_answer_a_person_is_offered(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    found = offers("What is the visa rule in Peru?", registry, needs, light_encoder, status="not_covered")

    assert "advising" in {offer.service.kind for offer in found}


def test_somebody_in_danger_gets_helplines_and_nothing_else(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    found = offers("I want to die", registry, needs, light_encoder, status="urgent")

    assert {offer.service.kind for offer in found} == {"helpline"}
    assert any("988" in offer.why for offer in found)
    assert any("116 123" in offer.why for offer in found)


def test_at_most_three_are_offered_unless_the_list_is_asked_for(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    many = "I am a senior engineer, was rejected, need a job, a course, money, a community and somebody to talk to"

    assert len(offered(many, registry, needs, light_encoder)) == 3
    assert len(offered(f"{many}; list all services", registry, needs, light_encoder)) > 3


@pytest.mark.parametrize(
    "question",
    [
        "What's everything you can point people to? Just show me your list of services.",
        "just show me everything you've got",
        "what help is there?",
    ],
)
def test_whoever_wants_all_that_there_is_gets_one_of_each_kind(
    question: str, registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    found = offers(question, registry, needs, light_encoder)

    assert {offer.service.kind for offer in found} == {s.kind for s in registry.services} - {"helpline"}
    assert len({offer.service.kind for offer in found}) == len(found)
    assert {"80k-advising", "80k-job-board"} <= {offer.service.id for offer in found}


@pytest.mark.parametrize(
    "question",
    [
        "What PhD options are there?",
        "Tell me everything there is to know about interpretability",
        "Is Redwood Research on the list?",
        "Is everything you mentioned free?",
    ],
)
def test_whoever_wants_one_thing_does_not_get_one_of_each_kind(
    question: str, registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    assert len(offered(question, registry, needs, light_encoder)) <= 3


def test_the_shipped_registry_is_in_order_and_has_the_fixed_ids(registry: Registry) -> None:
    assert {service.id for service in registry.services} >= REQUIRED
    assert [f for f in check(registry, date(2026, 11, 24)) if not f.problem.startswith("stale")] == []


def entry(**changed: str) -> str:
    fields = {
        "id": "one",
        "name": "One",
        "kind": "advising",
        "url": "https://one.example",
        "audience": "all",
        "cost": "free",
        "gap": "talking",
        "source": "https://one.example/about",
        "as_of": "2026",
    }
    lines = "\n".join(f'{name} = "{value}"' for name, value in (fields | changed).items() if value)
    return f'[[service]]\n{lines}\nneeds = ["advice"]\n'


def test_an_entry_without_an_address_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    path.write_text(entry(url=""), "utf-8")

    with pytest.raises(CorpusError, match="service one: no url"):
        load_registry(path)


def test_a_price_that_no_filter_knows_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    path.write_text(entry() + 'price = "cheap"\n', "utf-8")

    with pytest.raises(CorpusError, match="service one: price 'cheap' is none of free, paid, pays"):
        load_registry(path)


def test_duplicates_bad_addresses_bad_dates_and_old_entries_are_found(tmp_path: Path) -> None:
    path = tmp_path / "services.toml"
    path.write_text(
        entry()
        + entry(name="Two", url="ftp://two.example", as_of="soon")
        + entry(id="three", name="Three", as_of="2019-02"),
        "utf-8",
    )

    found = [f"{f.service}: {f.problem}" for f in check(load_registry(path), date(2026, 11, 24))]

    assert any("same id one" in line for line in found)
    assert any("ftp://two.example" in line for line in found)
    assert any("'soon'" in line for line in found)
    assert "three: stale: last known 2019-02" in found
    assert any("same address" in line for line in found)


@pytest.mark.parametrize(
    ("question", "is_named"),
    [("Is ERA in Cambridge?", True), ("what do ERA FELLOWS do", True), ("in the era of language models", False)],
)
def test_an_alias_with_a_capital_is_taken_only_as_written(
    question: str, is_named: bool, tmp_path: Path, needs: Needs, light_encoder: Encoder
) -> None:
    file = tmp_path / "services.toml"
    file.write_text(entry() + 'aliases = ["ERA", "era fellows"]\n')

    assert offered(question, load_registry(file), needs, light_encoder) == (["one"] if is_named else [])


def test_somebody_whom_a_programme_turned_down_is_not_sent_back_to_it(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    assert "mats" in offered("What does MATS offer?", registry, needs, light_encoder)
    assert "mats" not in offered("rejected from MATS twice now what", registry, needs, light_encoder)


def test_somebody_who_cannot_move_is_shown_what_is_remote(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    shown = offered("I can't travel, is there a programme I could do from home?", registry, needs, light_encoder)

    assert {"spar", "aisc", "future-impact-group"} & set(shown)


def test_whoever_wants_an_alternative_is_offered_others_and_not_that(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    shown = offered("What alternatives to MATS are there?", registry, needs, light_encoder)

    assert shown
    assert "mats" not in shown
    assert {"spar", "arena", "astra-fellowship", "aisafety-training", "lasr-labs", "ea-opportunities"} & set(shown)


@pytest.mark.parametrize(
    ("question", "unwanted"),
    [
        ("Is there anything other than BlueDot for learning governance?", {"bluedot", "bluedot-careers"}),
        ("besides 80,000 hours, who gives career advice?", {"80k-advising", "80k-career-guide", "80k-job-board"}),
        ("Who advises people apart from AI Safety Quest?", {"aisafety-quest"}),
    ],
)
def test_an_alternative_to_an_organisation_is_none_of_its_services(
    question: str, unwanted: set[str], registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    assert unwanted <= {service.id for service in set_aside(question, registry)}
    assert not unwanted & set(offered(question, registry, needs, light_encoder))


@pytest.mark.parametrize(
    "question",
    [
        "I got rejected by 80,000 Hours advising. Who else can I talk to?",
        "80,000 Hours turned me down for a call. Who else is there?",
        "Who gives advice on AI safety careers besides 80,000 Hours?",
    ],
)
def test_whoever_needs_another_adviser_is_shown_three_others(
    question: str, registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    shown = offers(question, registry, needs, light_encoder)

    assert len(shown) == 3
    assert "80k-advising" not in {offer.service.id for offer in shown}
    assert {offer.service.kind for offer in shown} == {"advising"}


def test_who_is_only_named_beside_a_refusal_is_still_shown(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    story = "I looked for jobs at 80,000 Hours and was rejected by every lab. Who could I talk to about what to do?"

    assert "80k-advising" in offered(story, registry, needs, light_encoder)


@pytest.mark.parametrize(
    ("question", "service", "shown"),
    [
        ("I finished BlueDot's course in the spring. Now what?", "bluedot", False),
        ("I did SPAR last year, and my mentor lost interest. How does it help me get a job?", "spar", False),
        ("ARENA alum here, what is the next step?", "arena", False),
        ("What should I have done before ARENA?", "arena", True),
        ("If I did SPAR beside my job, how many hours would it take?", "spar", True),
        ("Should I do BlueDot's course?", "bluedot", True),
    ],
)
def test_a_programme_is_for_whoever_thinks_of_it_and_not_for_whoever_has_been_through_it(
    question: str, service: str, *, shown: bool, registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    assert (service in offered(question, registry, needs, light_encoder)) is shown


def test_who_was_turned_away_and_asks_for_no_other_programme_is_shown_no_more_than_fits(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    told = "ERA rejected me. Does that mean that I am not good enough?"

    kinds = [offer.service.kind for offer in offers(told, registry, needs, light_encoder)]
    assert kinds.count("programme") < 3
    assert len(offered("ERA rejected me. Which other programme is there?", registry, needs, light_encoder)) == 3


@pytest.mark.parametrize(
    ("question", "unwanted"),
    [
        ("Should I do ARENA rather than MATS?", set()),
        ("Is BlueDot any good instead of AI Safety Quest?", set()),
        ("Besides MATS, is ARENA any good?", {"mats"}),
        ("Is there anything like it besides AISafety.com jobs?", {"aisafety-jobs"}),
    ],
)
def test_what_is_compared_or_asked_about_is_not_set_aside(
    question: str, unwanted: set[str], registry: Registry
) -> None:
    named = {service.id for service in set_aside(question, registry)}

    assert unwanted <= named
    assert "arena" not in named
    assert bool(named) == bool(unwanted)


def test_a_question_for_one_programme_is_no_request_for_the_list(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    one = offered("Which AI policy fellowship can take me?", registry, needs, light_encoder)
    every = offered("Which AI policy fellowships are there?", registry, needs, light_encoder)
    best = offered("Which AI policy fellowships are best for a lawyer?", registry, needs, light_encoder)

    now = offered("Which AI policy fellowships are there right now?", registry, needs, light_encoder)

    assert len(one) <= 3 < len(every)
    assert len(best) <= 3 < len(now)


def test_whoever_tells_of_themselves_gets_advice_and_not_the_list(
    registry: Registry, needs: Needs, light_encoder: Encoder
) -> None:
    story = "Every fellowship I look at is far away, and every job wants experience. My wife is due in March."

    assert len(offers(story, registry, needs, light_encoder, told=["remote"])) <= 3
    assert len(offered("List every fellowship", registry, needs, light_encoder)) > 3
