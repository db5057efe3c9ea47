"""All services of the registry, looked through in the pane: by kind, by cost, by words, with a keyboard, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from playwright.sync_api import expect

from career_advisor.web import guard
from career_advisor.web.wording import LANGUAGES, says, tables
from tests.chromium import violations
from tests.doubles import ADVISING, Bookshelf, ScriptedAnswerer
from tests.hostile import TEXTS, UNSEEN, Loopback, aimed, loopback
from tests.test_browser import PHONE, WIDE, Tab, browser, opened, watched
from tests.test_browser_access import darkened, named
from tests.test_web import served

pytestmark = pytest.mark.browser

__all__ = ["browser"]  # a fixture

ALL = tuple(Bookshelf().services)
NARROW = {"width": 360, "height": 740}
SHOWN = ".all-services .service:not([hidden])"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    answerer = ScriptedAnswerer()
    answerer.services = ALL
    answerer.human_services = tuple(each for each in ALL if each.kind == "advising")
    with served(answerer, rate=guard.Rate(burst=1_000)) as url:
        yield url


@pytest.fixture
def tab(browser: Any, address: str) -> Iterator[Tab]:
    with watched(browser, address) as one:
        yield one


def look_through(tab: Tab) -> None:
    """Open the list of all of them."""
    tab.page.click("#people-button")
    tab.page.click("#all-services")
    tab.page.wait_for_selector(".all-services")


def names(tab: Tab) -> list[str]:
    found: list[str] = tab.page.locator(f"{SHOWN} .service-name > :first-child").evaluate_all(
        "links => links.map((each) => each.firstChild.data)"  # without "opens in a new tab"
    )
    return found


def choose(tab: Tab, which: int, label: str) -> None:
    tab.page.locator(".narrow select").nth(which).select_option(label=label)


def told(tab: Tab, text: str) -> None:
    """Wait until a screen reader was told it."""
    expect(tab.page.locator("#status")).to_have_text(text)


def test_every_service_of_the_registry_is_there_with_what_it_says_and_its_address(tab: Tab) -> None:
    tab.page.click("#people-button")
    assert tab.page.inner_text("#all-services") == f"All {len(ALL)} services"
    tab.page.click("#all-services")

    assert tab.page.inner_text("#pane-title") == f"All {len(ALL)} services"
    cards = {
        card.locator(".service-name > :first-child").text_content(): card for card in tab.page.locator(SHOWN).all()
    }
    assert len(cards) == len(ALL)
    for service in ALL:
        card = next(card for name, card in cards.items() if name.startswith(service.name))
        text = card.text_content()
        for said in (service.audience, service.cost, service.gap, service.caveat):
            assert said in text, service.id
        assert ("As of" in text) == bool(service.as_of)
        href = card.locator("a").get_attribute("href") if card.locator("a").count() else ""
        assert href == (service.url if service.url.startswith("http") else ""), service.id


@pytest.mark.parametrize(
    ("label", "price"),
    [("Free", "free"), ("Costs money", "paid"), ("Pays you", "pays"), ("Not said, or it depends", "")],
)
def test_the_cost_is_narrowed_to_what_the_registry_says_and_the_rest_is_not_guessed(
    tab: Tab, label: str, price: str
) -> None:
    look_through(tab)
    choose(tab, 1, label)

    assert sorted(names(tab)) == sorted(each.name for each in ALL if each.price == price)
    assert 0 < len(names(tab)) < len(ALL)


def test_filters_add_up_and_what_is_left_is_said_once_the_person_stops_typing(tab: Tab) -> None:
    look_through(tab)
    choose(tab, 0, "Programmes")
    programmes = [each for each in ALL if each.kind == "programme"]
    told(tab, f"{len(programmes)} of {len(ALL)} services")
    choose(tab, 1, "Pays you")
    tab.page.locator(".narrow input").press_sequentially("LONDON, ", delay=20)
    paid = [each for each in programmes if each.price == "pays"]
    assert 0 < len(names(tab)) < len(paid)
    assert {each.name for each in paid} > set(names(tab))
    told(tab, f"{len(names(tab))} of {len(ALL)} services")
    assert tab.page.inner_text(".count") == f"{len(names(tab))} of {len(ALL)} services"
    assert tab.page.locator(".all-services h3:visible").all_inner_texts() == ["Programmes"]


@pytest.mark.parametrize("text", ["80k", "80 000 HOURS", "  bluedôt "])
def test_a_service_is_found_by_its_other_names_too_however_they_are_written(tab: Tab, text: str) -> None:
    look_through(tab)
    tab.page.fill(".narrow input", text)

    found = names(tab)
    assert 0 < len(found) < len(ALL)
    assert any(each.startswith("80,000" if text.startswith("80") else "BlueDot") for each in found)


def test_where_nothing_fits_it_is_said_and_one_press_shows_all_again(tab: Tab) -> None:
    look_through(tab)
    choose(tab, 0, "Helplines")
    tab.page.fill(".narrow input", "interpretability")
    told(tab, "No service fits all of that.")
    assert names(tab) == []
    tab.page.click("#pane button:text-is('Show all')")

    assert len(names(tab)) == len(ALL)
    assert tab.page.input_value(".narrow input") == ""
    assert tab.page.evaluate("document.activeElement.matches('.narrow input')")
    told(tab, f"{len(ALL)} of {len(ALL)} services")


def test_all_of_it_works_with_the_keyboard_and_the_focus_goes_there_and_back(tab: Tab) -> None:
    page = tab.page
    page.focus("#people-button")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # from the pane to "Close"
    page.keyboard.press("Tab")
    assert tab.focused("id") == "all-services"
    page.keyboard.press("Enter")
    page.wait_for_selector(".all-services")
    assert tab.focused("id") == "pane"
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.type("mats /?")
    assert names(tab), "signs count for nothing, and neither key does here what it does elsewhere"
    page.keyboard.press("Enter")
    assert page.locator(".turn").count() == 0
    page.keyboard.press("Tab")
    page.keyboard.type("Programmes")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.service')?.querySelector('.host')?.textContent") is not None
    page.locator(".back").focus()
    page.keyboard.press("Enter")
    assert tab.focused("id") == "all-services"
    page.keyboard.press("Escape")
    assert not page.locator("#pane").is_visible()
    assert tab.focused("id") == "people-button"


def test_another_language_words_the_list_anew_and_keeps_what_it_is_narrowed_to(tab: Tab) -> None:
    look_through(tab)
    choose(tab, 0, "Job boards")
    boards = names(tab)
    tab.page.locator(".bar-buttons .languages").select_option("de")

    tab.page.wait_for_selector(".all-services h3:text-is('Stellenbörsen')")
    assert names(tab) == boards
    assert tab.page.inner_text(".count") == f"{len(boards)} von {len(ALL)} Angeboten"
    assert "Kostenlos" in tab.page.locator(".narrow option").all_inner_texts()


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("size", [NARROW, PHONE, WIDE], ids=["360", "phone", "desk"])
def test_axe_finds_nothing_and_nothing_runs_out_of_the_window_in_any_language(
    browser: Any, address: str, code: str, size: dict[str, int]
) -> None:
    with opened(browser, address, viewport=size, bypass_csp=True, locale=code) as tab:
        look_through(tab)
        assert tab.page.locator(".all-services h3").first.inner_text() == says(code, "kind_advising")
        assert named(violations(tab.page)) == []
        with darkened(tab):
            assert named(violations(tab.page, only=("color-contrast",))) == []
        tab.page.fill(".narrow input", "zzz")
        assert named(violations(tab.page)) == []
        assert tab.width <= size["width"]
        pane = tab.page.locator("#pane")
        assert pane.evaluate("each => each.scrollWidth <= each.clientWidth")


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["360", "desk"])
def test_what_narrows_the_list_stays_where_it_is_however_few_are_left(
    browser: Any, address: str, size: dict[str, int]
) -> None:
    with opened(browser, address, viewport=size) as tab:
        look_through(tab)
        places = []
        for text in ("", "mats", "zzz", ""):
            tab.page.fill(".narrow input", text)
            places.append([tab.page.locator(each).bounding_box() for each in (".narrow", ".count", "#pane")])
        assert places == [places[0]] * 4


def test_the_list_is_there_at_once_and_each_letter_too(tab: Tab) -> None:
    with tab.page.expect_response("**/services.json"):
        tab.page.click("#people-button")
    tab.page.wait_for_timeout(100)
    took = tab.page.evaluate(
        """async () => { const frame = () => new Promise(requestAnimationFrame);
          const shown = () => frame().then(frame);
          const times = []; let began = performance.now();
          document.querySelector("#all-services").click(); await shown(); times.push(performance.now() - began);
          const input = document.querySelector(".narrow input");
          for (const text of ["m", "ma", "mat", "mats"]) { began = performance.now(); input.value = text;
            input.dispatchEvent(new Event("input")); await shown(); times.push(performance.now() - began); }
          return times; }"""
    )

    assert sorted(took)[2] < 100, took
    assert names(tab)


def test_without_the_server_the_people_stay_and_it_is_said_and_the_next_press_tries_again(
    browser: Any, address: str
) -> None:
    with opened(browser, address) as tab:
        tab.page.route("**/services.json", lambda route: route.abort())
        tab.page.click("#people-button")
        tab.page.click("#all-services")
        tab.page.wait_for_selector("#pane .trouble", state="visible")
        assert tab.page.locator("#pane .service").count() == sum(each.kind == "advising" for each in ALL)
        told(tab, says("en", "services_lost"))
        tab.page.unroute("**/services.json")
        tab.page.click("#all-services")
        tab.page.wait_for_selector(".all-services")


def test_a_kind_that_only_this_registry_has_is_called_as_it_calls_it(browser: Any) -> None:
    answerer = ScriptedAnswerer()
    answerer.services = (ADVISING, replace(ADVISING, id="b", name="A podcast", kind="podcast"))
    with served(answerer) as url, opened(browser, url, locale="fr") as tab:
        look_through(tab)
        assert tab.page.locator(".all-services h3").all_inner_texts() == [says("fr", "kind_advising"), "podcast"]
        assert tab.page.locator(".all-services h3").last.get_attribute("lang") == "en"


def test_hostile_words_of_a_registry_are_shown_as_text_and_ask_nobody_for_anything(browser: Any) -> None:
    with loopback() as canary, served(hostile(canary)) as url, watched(browser, url) as tab:
        look_through(tab)
        tab.page.fill(".narrow input", "img")
        choose(tab, 0, tab.page.locator(".narrow select").first.locator("option").nth(1).inner_text())
        tab.page.click("#pane .back")
        look_through_again = tab.page.locator("#all-services")
        look_through_again.click()
        tab.page.wait_for_timeout(200)
        text = tab.page.locator("#pane").inner_text()

        assert "<img src='" in text
        assert not any(sign in text for sign in UNSEEN)
        assert tab.page.locator("#pane :is(img, script, style, iframe, form:not(.narrow), svg)").count() == 0
        assert {each.get_attribute("href") for each in tab.page.locator("#pane a").all()} <= {ADVISING.url}
        assert canary.asked == []


def hostile(canary: Loopback) -> ScriptedAnswerer:
    """Return an answerer whose registry holds the worst in every field."""
    worst = [aimed(text, canary.address, name) for name, text in TEXTS.items()]
    answerer = ScriptedAnswerer()
    answerer.services = tuple(
        chain(
            (
                replace(
                    ADVISING,
                    id=str(n),
                    name=text,
                    kind=text,
                    audience=text,
                    cost=text,
                    gap=text,
                    caveat=text,
                    as_of=text,
                    aliases=(text,),
                )
                for n, text in enumerate(worst)
            ),
            (replace(ADVISING, id=f"a{n}", url=text) for n, text in enumerate(worst)),
        )
    )
    return answerer


def test_the_words_for_kinds_and_prices_are_those_that_the_shipped_registry_needs() -> None:
    kinds = {f"kind_{each.kind.replace(' ', '-')}" for each in ALL}
    for code in LANGUAGES:
        assert kinds <= tables()[code].keys()
