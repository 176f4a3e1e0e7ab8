"""How voters get their tokens on a poll's page, in headless Chromium with the whole system."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from harness.processes.ports import free_ports
from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from harness.testing.browser import keep_screenshot
from svc_results.testing.voter_polls import PHONE, QUICK_RETRIES, Polls, counted, kept, tap
from svc_voters.testing.login import AUDIENCE, ISSUER, Login, serve_keys
from voting.voters.rules import Way

pytest_plugins = ["svc_results.testing.page_fixtures"]

DESKTOP: Final[dict[str, Any]] = {
    "viewport": {"width": 1280, "height": 800},
    "color_scheme": "dark",
}
# Reads what the test puts into the page, as no browser on Linux reads QR codes.
READER: Final = """
window.seen = [];
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(video) {
    return video.videoWidth ? window.seen.map((rawValue) => ({ rawValue })) : [];
  }
};
"""


class Watched:
    """Looks at what goes to svc_voters, and answers in its place when a test says so."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.problems: list[tuple[int, str]] = []
        self.lost = 0

    def answer(self, route: Route, request: Request) -> None:
        """Let a request through, unless something is to go wrong."""
        if request.method == "POST":
            self.bodies.append(dict(request.post_data_json or {}))
        if self.lost:
            self.lost -= 1
            return route.abort()
        if self.problems:
            status, name = self.problems.pop(0)
            problem = {"status": status, "title": "", "type": f"urn:voting:problem:{name}"}
            return route.fulfill(status=status, json=problem, headers={"retry-after": "1"})
        return route.continue_()


@pytest.fixture
def voters() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def login() -> Login:
    return Login()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, login: Login) -> Iterator[Stack]:
    """Run the whole system, in which svc_voters knows a login."""
    stack = Stack(tmp_path_factory.mktemp("stack"), free_ports())
    with serve_keys(login.key_set) as keys:
        settings = {
            "IDENTITY_JWKS_URL": keys.url,
            "IDENTITY_ISSUER": ISSUER,
            "IDENTITY_AUDIENCE": AUDIENCE,
        }
        stack.services["svc_voters"].set(settings)
        with stack:
            yield stack


@contextmanager
def people(
    browser: Browser, voters: Watched, setup: str = "", **options: Any
) -> Iterator[BrowserContext]:
    """Give a browser of its own, whose requests for tokens `voters` looks at."""
    context = browser.new_context(**{"locale": "en-GB", **PHONE, **options})
    context.add_init_script(setup or ";")
    context.route("**/voters/*", voters.answer)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def visit(
    browser: Browser, address: str, voters: Watched, setup: str = "", **options: Any
) -> Iterator[Page]:
    """Open a page in a browser of its own; it must not log errors of its own."""
    errors: list[str] = []
    with people(browser, voters, setup, **options) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
        page.goto(address)
        yield page
    assert [error for error in errors if "Failed to load resource" not in error] == []


def test_a_browser_gets_its_ballot_before_the_poll_opens(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address = polls.define(ways=(Way.OPEN,))
    with visit(browser, address, voters) as page:
        expect(page.locator("#admitted-text")).to_have_text(
            "One browser, one ballot: yours is kept in this browser."
        )
        keep_screenshot(page, "ways-open-before")
        expect(page.locator("#ticket")).to_be_hidden()
        polls.open_now(address)
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Your vote is in.")
        keep_screenshot(page, "ways-open-voted")
        page.reload()
        expect(page.locator("#vote")).to_contain_text("Fleetwood Mac")
        second = page.context.new_page()
        second.goto(address)
        expect(second.locator("#vote")).to_contain_text("Fleetwood Mac")
        second.goto(polls.url)
        second.go_back()
        expect(second.locator("#vote")).to_contain_text("Fleetwood Mac")
    assert [body["way"] for body in voters.bodies] == ["open"]
    counted(address, rumours=1)


def test_two_tabs_at_once_have_one_ballot(browser: Browser, polls: Polls, voters: Watched) -> None:
    address = polls.open(ways=(Way.OPEN,))
    with people(browser, voters) as context:
        tabs = [context.new_page() for _ in range(3)]
        for tab in tabs:
            tab.evaluate("address => { setTimeout(() => location.assign(address)); }", address)
        for tab in tabs:
            expect(tab.locator("#admitted")).to_contain_text("One browser, one ballot")
        for tab, album in zip(tabs, ("Rumours", "Blue", "Moon"), strict=True):
            if tab.locator("#ballot").is_visible():
                tap(tab, album)
            expect(tab.locator("#vote")).to_contain_text("Fleetwood Mac")
    counted(address, rumours=1)


def test_without_locks_the_ballot_of_the_first_tab_stays(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address = polls.open(ways=(Way.OPEN,))
    no_locks = "Object.defineProperty(navigator, 'locks', {value: undefined});"
    with people(browser, voters, no_locks) as context:
        first, second = context.new_page(), context.new_page()
        waiting: list[Route] = []
        second.route(
            "**/voters/*",
            lambda route, request: (
                voters.answer(route, request) if waiting else waiting.append(route)
            ),
        )
        second.goto(address)
        expect(second.locator("#preparing-text")).to_have_text("Preparing your ballot…")
        first.goto(address)
        tap(first, "Rumours")
        expect(first.locator("#vote")).to_contain_text("Fleetwood Mac")
        voters.answer(waiting[0], waiting[0].request)
        expect(second.locator("#vote")).to_contain_text("Fleetwood Mac")
        expect(second.locator("#preparing")).to_be_hidden()
    counted(address, rumours=1)


@pytest.mark.parametrize("language", ["en", "es"])
def test_while_the_service_is_busy_the_page_says_so_and_goes_on(
    browser: Browser, polls: Polls, voters: Watched, language: str
) -> None:
    address = polls.open(ways=(Way.OPEN,))
    said = {
        "en": ["Many people are coming in", "This takes longer", "You are offline", "One browser"],
        "es": ["Está entrando mucha gente", "Está tardando más", "No tienes", "Un navegador"],
    }[language]
    voters.problems = [(429, "x"), (503, "x")]
    watched = (
        "addEventListener('DOMContentLoaded', () => { window.said = []; new MutationObserver(() =>"
        " window.said.push(document.getElementById('preparing-text').textContent))"
        ".observe(document.getElementById('preparing-text'), {childList: true, characterData: true,"
        " subtree: true}); });"
    )
    with visit(browser, f"{address}?lang={language}", voters, QUICK_RETRIES + watched) as page:
        expect(page.locator("#admitted")).to_contain_text(said[3])
        texts = page.evaluate("window.said.join()")
        assert said[0] in texts
        assert said[1] in texts
        page.evaluate("localStorage.clear()")
        voters.lost = 1
        page.add_init_script("Object.defineProperty(navigator, 'onLine', {get: () => false});")
        page.add_init_script("window.setTimeout = () => 0;")
        page.reload()
        expect(page.locator("#preparing-text")).to_contain_text(said[2])
        expect(page.get_by_role("button", name="Rumours")).to_be_disabled()
        keep_screenshot(page, f"ways-offline-{language}")
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(page.locator("#admitted")).to_contain_text(said[3])


def test_who_could_get_no_ballot_can_try_again(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address = polls.open(ways=(Way.OPEN,))
    voters.problems = [(503, "x")] * 8
    with visit(browser, address, voters, QUICK_RETRIES, **DESKTOP, is_mobile=False) as page:
        expect(page.locator("#preparing")).to_contain_text("could not be prepared")
        keep_screenshot(page, "ways-open-failed-dark")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#admitted")).to_contain_text("One browser")
        keep_screenshot(page, "ways-open-dark")


def test_a_proof_that_came_too_late_is_made_anew(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address = polls.open(ways=(Way.OPEN,))
    real = voters.answer

    def late(route: Route, request: Request) -> None:
        if request.method == "POST" and not voters.bodies:
            voters.problems = [(401, "proof-invalid")]
        real(route, request)

    voters.answer = late  # type: ignore[method-assign]
    with visit(browser, address, voters) as page:
        expect(page.locator("#admitted")).to_contain_text("One browser")
    assert len({body["proof"] for body in voters.bodies}) == 2


def test_a_code_is_typed_as_people_type_and_admits_once_everywhere(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address, code = polls.open(ways=(Way.CODES,)), polls.code()
    with visit(browser, address, voters) as page:
        keep_screenshot(page, "ways-code")
        expect(page.get_by_role("button", name="Scan the code")).to_be_hidden()
        field, use = page.get_by_label("Code on your ticket"), page.locator("#ticket .cast")
        field.fill(code[:-1])
        use.tap()
        expect(page.locator("#ticket")).to_contain_text("A code has 16 letters and digits")
        assert voters.bodies == []
        field.fill(f" {code.lower().replace('-', ' ')}\n")
        use.tap()
        expect(page.locator("#admitted-text")).to_have_text(
            "One code, one ballot: yours is kept in this browser."
        )
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Your vote is in.")
        keep_screenshot(page, "ways-code-voted")
    with visit(browser, f"{address}#code={code}", voters) as page:
        tap(page, "Blue")
        expect(page.locator("#vote")).to_be_visible()
    assert [body["code"].replace("-", "").upper() for body in voters.bodies] == [
        code.replace("-", "")
    ] * 2
    counted(address, rumours=1)


def test_a_codes_link_leaves_it_nowhere_but_in_the_body_and_survives_a_reload(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address, code = polls.open(ways=(Way.CODES,)), polls.code()
    voters.lost = 1
    urls: list[str] = []
    with people(browser, voters) as context:
        page = context.new_page()
        page.on("request", lambda one: urls.append(one.url + json.dumps(one.headers)))
        # Until the reload, nothing is sent again; by then the code has left the address.
        page.add_init_script("if (location.hash) window.setTimeout = () => 0;")
        page.goto(f"{address}?lang=es#code={code}")
        expect(page).to_have_url(f"{address}?lang=es")
        expect(page.locator("#preparing")).to_contain_text("Está tardando más de lo normal")
        keep_screenshot(page, "ways-code-waiting-es")
        expect(page.locator("#ticket")).to_be_hidden()
        page.reload()
        expect(page.locator("#admitted")).to_contain_text("Un código, una papeleta")
        keep_screenshot(page, "ways-code-es")
        assert not [one for one in urls if code in one.partition("#")[0]]
        assert code.replace("-", "") not in kept(page)
        page.reload()
        expect(page.locator("#admitted")).to_contain_text("Un código, una papeleta")
    assert {body["code"] for body in voters.bodies} == {code.replace("-", "")}
    assert len(voters.bodies) == 2


def test_a_code_that_does_not_admit_can_be_corrected(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address, code = polls.open(ways=(Way.CODES,)), polls.code()
    polls.revoke(address, 7)
    wrong = {
        f"{code[:-1]}{'A' if code[-1] == 'B' else 'B'}": "This code is not valid here. Please",
        polls.code(batch=7): "The organisers have taken back what you vote with.",
        polls.code(voter_class=5): "You are admitted to other polls, but not to this one.",
    }
    with visit(browser, "about:blank", voters) as page:
        for number, (one, said) in enumerate(wrong.items()):
            page.goto(f"{address}#code={one.lower()}")
            expect(page.locator("#ticket-problem")).to_contain_text(said)
            expect(page.get_by_label("Code on your ticket")).to_have_value(one)
            expect(page.get_by_role("button", name="Rumours")).to_be_disabled()
            keep_screenshot(page, f"ways-wrong-code-{number}")
        page.get_by_label("Code on your ticket").fill(code)
        page.locator("#ticket .cast").tap()
        expect(page.locator("#admitted")).to_contain_text("One code, one ballot")


def test_a_code_that_could_not_be_checked_can_be_corrected(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address, code = polls.open(ways=(Way.CODES,)), polls.code()
    voters.problems = [(429, "x")] * 8
    with visit(browser, f"{address}#code={code}", voters, QUICK_RETRIES) as page:
        expect(page.locator("#ticket-problem")).to_contain_text("could not be checked right now")
        expect(page.get_by_label("Code on your ticket")).to_have_value(code)
        page.reload()
        expect(page.locator("#admitted")).to_contain_text("One code, one ballot")


def test_a_code_is_scanned_and_the_camera_goes_off(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address, code = polls.open(ways=(Way.CODES,)), polls.code()
    tracks = "document.getElementById('camera').srcObject"
    with visit(browser, address, voters, READER, permissions=["camera"]) as page:
        page.get_by_role("button", name="Scan the code").tap()
        expect(page.locator("#camera")).to_be_visible()
        camera = "document.getElementById('camera').videoWidth"
        wait_until(lambda: page.evaluate(camera) > 0, "a picture")
        page.evaluate(f"window.track = {tracks}.getTracks()[0]; window.seen = ['https://x.org']")
        expect(page.locator("#ticket-problem")).to_have_text("This is not the code of a ticket.")
        keep_screenshot(page, "ways-scanning")
        page.get_by_role("button", name="Stop").tap()
        expect(page.locator("#camera")).to_be_hidden()
        assert page.evaluate("window.track.readyState") == "ended"
        page.evaluate("link => { window.seen = [link]; }", f"{address}#code={code}")
        page.get_by_role("button", name="Scan the code").tap()
        expect(page.locator("#admitted")).to_contain_text("One code, one ballot")
        assert page.evaluate(tracks) is None
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Your vote is in.")
    counted(address, rumours=1)


def test_who_refuses_the_camera_can_still_type(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    with visit(browser, polls.open(ways=(Way.CODES,)), voters, READER) as page:
        page.get_by_role("button", name="Scan the code").tap()
        expect(page.locator("#ticket-problem")).to_contain_text("or enter the code")
        expect(page.locator("#camera")).to_be_hidden()
        expect(page.get_by_role("button", name="Scan the code")).to_be_visible()


def test_an_account_comes_with_a_link_of_the_organisers(
    browser: Browser, polls: Polls, voters: Watched, login: Login
) -> None:
    address, good = polls.open(ways=(Way.IDENTITY,)), login.token()
    wrong = {
        login.token(exp=1_000_000_000): "or your sign-in has expired",
        "half": "This link is not complete",
        login.token(voting_class="jury"): "You are admitted to other polls",
    }
    with visit(browser, address, voters) as page:
        expect(page.locator("#preparing")).to_contain_text("sign in with the organisers")
        expect(page.locator("#ticket")).to_be_hidden()
        keep_screenshot(page, "ways-identity-needed")
        for identity, said in wrong.items():
            page.goto(f"{address}#identity={identity}")
            expect(page.locator("#preparing")).to_contain_text(said)
            expect(page).to_have_url(address)
        page.goto(f"{address}#identity={good}")
        expect(page.locator("#admitted-text")).to_have_text(
            "One account, one ballot: yours is kept in this browser."
        )
        expect(page).to_have_url(address)
        assert good not in kept(page)
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Your vote is in.")
        keep_screenshot(page, "ways-identity-voted")
    with visit(browser, f"{address}#identity={login.token()}", voters) as page:
        tap(page, "Blue")
        expect(page.locator("#vote")).to_be_visible()
    counted(address, rumours=1)


def test_a_ticket_can_take_the_place_of_a_browsers_ballot(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address, code = polls.open(ways=(Way.OPEN, Way.CODES)), polls.code()
    with visit(browser, address, voters) as page:
        page.get_by_role("button", name="Use a ticket instead").tap()
        expect(page.locator("#ticket-title")).to_have_text("Use a ticket instead")
        keep_screenshot(page, "ways-ticket-instead")
        page.get_by_label("Code on your ticket").fill(code)
        page.locator("#ticket .cast").tap()
        expect(page.locator("#admitted")).to_contain_text("One code, one ballot")


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("voter-invalid", "This browser’s ballot is not valid any more"),
        ("voter-revoked", "The organisers have taken back what you vote with, so your vote"),
    ],
)
def test_a_browser_whose_ballot_is_refused_is_told_so(
    browser: Browser, polls: Polls, voters: Watched, problem: str, said: str
) -> None:
    address = polls.open(ways=(Way.OPEN,))
    body = {"status": 403, "title": "", "type": f"urn:voting:problem:{problem}"}
    with visit(browser, address, voters) as page:
        page.route("**/votes", lambda route: route.fulfill(status=403, json=body))
        tap(page, "Rumours")
        expect(page.locator("#preparing")).to_contain_text(said)
        keep_screenshot(page, f"ways-open-{problem}")
        page.unroute("**/votes")
        again = page.get_by_role("button", name="Try again")
        if problem == "voter-revoked":
            expect(again).to_be_hidden()
            return
        again.tap()
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Your vote is in.")


def test_where_storage_is_refused_the_page_keeps_what_it_needs(
    browser: Browser, polls: Polls, voters: Watched
) -> None:
    address, code = polls.open(ways=(Way.CODES,)), polls.code()
    refused = "".join(
        f"Object.defineProperty(window, '{name}', {{get() {{ throw new Error('refused'); }}}});"
        for name in ("localStorage", "sessionStorage")
    )
    with visit(browser, f"{address}#code={code}", voters, refused) as page:
        expect(page.locator("#admitted")).to_contain_text("until you leave this page")
        tap(page, "Rumours")
        expect(page.locator("#vote")).to_contain_text("Fleetwood Mac")
    counted(address, rumours=1)
