"""The page and the screen of a poll with classes of voters, in Chromium with the whole system."""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from harness.system.stack import Stack
from harness.system.system import VOTER_KEY
from harness.testing.browser import keep_screenshot, open_page
from svc_results.testing.organiser import WaitingOrganiser
from voting.polls.definition import Entry, PollDefinition, Titles
from voting.testing.polls import ENTRIES, with_changes
from voting.testing.polls import entries as some_entries
from voting.voters.rules import VoterClass, VoterRules

pytest_plugins = ["svc_results.testing.page_fixtures"]

SCOPE: Final = "classes-2026"
TWO: Final = (VoterClass("audience", 0, 60), VoterClass("jury", 1, 40))
PHONE: Final[dict[str, Any]] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True}
DARK_PHONE: Final[dict[str, Any]] = {**PHONE, "color_scheme": "dark", "locale": "es-ES"}
DESKTOP: Final[dict[str, Any]] = {"viewport": {"width": 1280, "height": 900}}
SCREEN: Final[dict[str, Any]] = {"viewport": {"width": 1920, "height": 1080}}
# Entries with as much text as there may be, and as many classes.
LONG: Final = tuple(
    Entry(f"long-{n}", "The Band " + "with a very long name " * 8, f"Album {n} " + "W" * 180, 1990)
    for n in range(12)
)
MANY: Final = tuple(VoterClass(f"class-{'x' * 54}-{n:02}", n, n + 1) for n in range(16))


class Polls:
    """Opens polls with classes of voters, and votes in them."""

    def __init__(self, stack: Stack, organiser: WaitingOrganiser, url: str) -> None:
        self._stack = stack
        self._organiser = organiser
        self.url = url

    def open(self, name: str, definition: PollDefinition) -> str:
        """Open a poll and return its address."""
        self._organiser.create(name, definition)
        self._organiser.open_everywhere(name)
        return f"{self.url}p/{name}"

    def cast(self, poll: str, voter_class: int | None, *entries: str, rank: int = 1) -> None:
        """Let a new voter of the class, None for no class, vote for each of these entries."""
        with httpx.Client(base_url=self.url, timeout=30, trust_env=False) as client:
            for entry in entries:
                vote: dict[str, str | int] = {"poll": poll, "entry": entry, "rank": rank}
                if voter_class is not None:
                    vote["voter"] = self._stack.voter_token(SCOPE, voter_class)
                answer = client.post("votes", json=vote)
                assert answer.status_code == HTTPStatus.ACCEPTED, answer.text


def weighed(*classes: VoterClass, **fields: Any) -> PollDefinition:
    rules = VoterRules(scope=SCOPE, key=VOTER_KEY, classes=classes)
    return with_changes(**{"rank_max": 1, "voters": rules, **fields})


@pytest.fixture(scope="module")
def polls(stack: Stack, url: str) -> Iterator[Polls]:
    organiser = WaitingOrganiser(stack)
    yield Polls(stack, organiser, url)
    organiser.close_connections()


def rows(page: Page) -> list[str]:
    return page.locator("#rows > li").all_inner_texts()


def fits(page: Page) -> bool:
    """Whether nothing is wider than the page."""
    width: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return width


def test_what_each_class_weighs_and_what_decides_ties_is_said_and_kept_current(
    browser: Browser, polls: Polls
) -> None:
    ties = ("class:jury", "votes", "order")
    address = polls.open("weighed", weighed(*TWO, ties=ties))
    with open_page(browser, address, **PHONE) as page:
        classes = page.locator("#classes li")
        expect(classes).to_have_text(["Audience 60% 0 votes", "Jury 40% 0 votes"])
        expect(page.locator("#rules")).to_have_text(
            "Each group counts as much as shown above, however many votes it casts. "
            "Ties are decided in this order: the votes of “Jury”; the number of votes; "
            "the order of the ballot."
        )
        keep_screenshot(page, "classes-no-votes")
        polls.cast("weighed", 0, "moon", "moon", "rumours")
        polls.cast("weighed", 1, "rumours")
        expect(classes).to_have_text(["Audience 60% 3 votes", "Jury 40% 1 vote"])
        first = page.locator("#rows > li").first
        expect(first).to_contain_text("Rumours")
        expect(first).to_contain_text("60.0%")
        expect(first.locator(".apart")).to_have_text("Audience 1 · Jury 1")
        expect(page.locator("#rows > li").nth(1)).to_contain_text("40.0%")
        assert page.locator("#rows > li").nth(1).locator(".bar rect").get_attribute("width") == (
            "66.66666666666667%"
        )
        live = rows(page)
        page.reload()
        assert rows(page) == live
        assert fits(page)
        page.locator("#rows").scroll_into_view_if_needed()
        keep_screenshot(page, "classes-phone")
    with open_page(browser, address, **DARK_PHONE) as page:
        expect(page.locator("#classes li")).to_have_text(
            ["Público 60\xa0% 3 votos", "Jurado 40\xa0% 1 voto"]
        )
        expect(page.locator("#rules")).to_contain_text("los votos de «Jurado»; el número de votos")
        page.locator("#rules").scroll_into_view_if_needed()
        keep_screenshot(page, "classes-phone-dark-es")
    with open_page(browser, address, **DESKTOP) as page:
        page.locator("#rules").scroll_into_view_if_needed()
        keep_screenshot(page, "classes-desktop")


def test_a_tie_says_which_rule_decided_it(browser: Browser, polls: Polls) -> None:
    ties = ("class:jury", "order")
    address = polls.open("tied", weighed(VoterClass("audience"), VoterClass("jury", 1), ties=ties))
    polls.cast("tied", 0, "moon", "moon", "rumours")
    polls.cast("tied", 1, "rumours", "rumours", "moon")
    with open_page(browser, address, **PHONE) as page:
        ties_shown = page.locator(".tie")
        expect(ties_shown).to_have_text(["", "Tie-break: the votes of “Jury”", ""])
        expect(page.locator(".place")).to_have_text(["1", "2", "3"])
        page.locator("#rules").scroll_into_view_if_needed()
        keep_screenshot(page, "classes-tie")
    for name, query in {"few": "", "few-over-video": "?background=transparent"}.items():
        with open_page(browser, f"{address}/screen{query}", **SCREEN) as page:
            expect(page.locator(".tie").nth(1)).to_have_text("Tie-break: the votes of “Jury”")
            expect(page.locator("#classes li").first).to_have_text("Audience 50% 3 votes")
            assert page.evaluate("document.documentElement.scrollHeight") == 1080
            keep_screenshot(page, f"classes-screen-{name}")


def test_rules_for_ties_are_shown_without_classes_too(browser: Browser, polls: Polls) -> None:
    definition = with_changes(rank_max=5, ties=("rank-sum", "order"))
    address = polls.open("ruled", definition)
    with open_page(browser, f"{address}?lang=es", **PHONE) as page:
        expect(page.locator("#classes")).to_have_count(0)
        expect(page.locator("#rules")).to_have_text(
            "Los empates se deciden en este orden: la suma de las puntuaciones; "
            "el orden de la papeleta."
        )
        # As long as nobody has voted for an entry, there is little to say of its tie.
        expect(page.locator(".tie")).to_have_text(["", "", ""])
        polls.cast("ruled", None, "blue", "moon", rank=3)
        decided = "Desempate: el orden de la papeleta"
        expect(page.locator(".tie")).to_have_text(["", decided, ""])
        page.reload()
        expect(page.locator(".tie")).to_have_text(["", decided, ""])


@pytest.mark.parametrize(("name", "entries"), [("long", LONG), ("ten", some_entries(10))])
def test_as_many_classes_and_as_much_text_as_there_may_be_have_room(
    browser: Browser, polls: Polls, name: str, entries: Sequence[Entry]
) -> None:
    titles = Titles("W" * 120, "El álbum del año " * 8)
    classes = MANY if name == "long" else (*TWO, VoterClass("press", 2, 1))
    ties = (*(f"class:{one.name}" for one in classes), "order")
    definition = weighed(*classes, ties=ties, entries=tuple(entries), titles=titles, rank_max=5)
    address = polls.open(name, definition)
    for voter_class in (0, 1, 2):
        polls.cast(name, voter_class, *(entry.id for entry in entries), rank=3)
    polls.cast(name, 1, entries[3].id, rank=2)
    for view, options in {"phone": PHONE, "dark-es": DARK_PHONE, "desktop": DESKTOP}.items():
        with open_page(browser, address, **options) as page:
            expect(page.locator("#classes li").first).to_contain_text(f"{len(entries)} vot")
            assert fits(page)
            page.locator("#classes").scroll_into_view_if_needed()
            keep_screenshot(page, f"classes-{name}-{view}")
            page.locator("#rules").scroll_into_view_if_needed()
            keep_screenshot(page, f"classes-{name}-{view}-end")
    with open_page(browser, f"{address}/screen", **SCREEN) as page:
        expect(page.locator("#rows > li").first).to_contain_text("%")
        assert page.evaluate("document.documentElement.scrollHeight") == 1080
        keep_screenshot(page, f"classes-screen-{name}")


def test_a_poll_without_classes_and_rules_looks_as_it_did(browser: Browser, polls: Polls) -> None:
    rules = VoterRules(scope=SCOPE, key=VOTER_KEY)
    address = polls.open("plain", with_changes(rank_max=1, voters=rules))
    polls.cast("plain", 0, ENTRIES[0].id)
    for path in ("", "/screen"):
        with open_page(browser, address + path, **PHONE) as page:
            expect(page.locator("#rows > li").first).to_contain_text("1 vote")
            expect(page.locator("#classes, #rules, .apart, .tie")).to_have_count(0)
