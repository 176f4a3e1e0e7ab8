"""The page in headless Chromium with the whole system: real servers, real services."""

import re
from http import HTTPStatus
from typing import Any, Final

from playwright.sync_api import Browser, Page, Request, Route, expect

from harness.processes.waiting import usual_seconds
from harness.system.stack import Stack
from harness.testing.browser import keep_screenshot, open_page
from svc_results.testing.page_actions import NASTY, album_row, cast, fill_form

pytest_plugins = ["svc_results.testing.page_fixtures"]

# In which a vote passes through Kafka and the consumer and shows on the page.
MOVED_SECONDS: Final = 2.0


def share(page: Page, album: str) -> float:
    """Return the width of the album's bar, in percent."""
    width = album_row(page, album).locator("rect[data-field=bar]").get_attribute("width")
    return float((width or "").removesuffix("%"))


def test_a_vote_cast_through_the_form_moves_its_bar(page: Page) -> None:
    before = share(page, "After the Gold Rush")
    page.evaluate("""() => addEventListener("animationstart", (event) => {
      if (event.animationName === "flash") window.flashed = event.target.textContent;
    })""")
    fill_form(page, "Neil Young", "After the Gold Rush", "1972")
    page.get_by_label("Rank").fill("91")
    page.get_by_role("button", name="Vote", exact=True).click()
    outcome = page.locator("#outcome")
    said = (
        r"Your vote is in, via (gRPC|HTTP)\..*[0-9a-f-]{36} It is in the record: see its receipt$"
    )
    expect(outcome).to_have_text(re.compile(said))
    expect(album_row(page, "After the Gold Rush").locator(".votes")).to_have_text("3")
    page.wait_for_function("window.flashed?.includes('After the Gold Rush')")
    assert share(page, "After the Gold Rush") > before
    expect(page.locator("#votes tr").first).to_contain_text("After the Gold Rush")
    expect(page.locator("#votes tr").first).to_contain_text("91")
    keep_screenshot(page, "page")


def test_a_vote_moves_the_page_within_two_seconds(page: Page, url: str) -> None:
    votes = album_row(page, "After the Gold Rush").locator(".votes")
    shown = int(votes.inner_text())

    def move() -> None:
        nonlocal shown
        shown += 1
        cast(url.rstrip("/"), "After the Gold Rush", 91)
        expect(votes).to_have_text(str(shown))

    assert max(usual_seconds(move)) < MOVED_SECONDS


def test_an_album_that_overtakes_another_glides_past_it(page: Page, url: str) -> None:
    first, second = page.locator("#albums tr bdi[data-field=album]").all_inner_texts()[:2]
    page.evaluate("""() => {
      window.glides = 0;
      const animate = Element.prototype.animate;
      Element.prototype.animate = function (...how) {
        window.glides += this.matches("#albums tr");
        return animate.apply(this, how);
      };
    }""")
    while page.locator("#albums tr bdi[data-field=album]").first.inner_text() == first:
        cast(url.rstrip("/"), second, 50)
    assert page.evaluate("window.glides") >= 2
    expect(page.locator("#announcer")).to_contain_text(f"{second} by Neil Young leads with")


def test_the_keyboard_is_enough(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Enter")
    for text in ["Chavela Vargas", "La llorona", "1994"]:
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Tab")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#rank-value")).to_have_text("53")
    page.keyboard.press("Tab")
    expect(page.locator("#cast")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_contain_text("Your vote is in")
    expect(album_row(page, "La llorona").locator(".average")).to_contain_text("53.0")


def test_picking_a_listed_album_fills_in_the_form(page: Page) -> None:
    page.get_by_role("link", name="Harvest").click()
    expect(page.get_by_label("Artist or band")).to_have_value("Neil Young")
    expect(page.get_by_label("Year")).to_have_value("1972")
    expect(page.get_by_label("Rank")).to_be_focused()


def test_a_known_album_is_suggested_and_picking_it_fills_in_the_rest(page: Page) -> None:
    options = page.locator("#titles option").evaluate_all("all => all.map(one => one.value)")
    assert "Harvest" in options
    # What Chromium does when a suggestion is picked; its list is not part of the page.
    page.get_by_label("Album", exact=True).evaluate("""input => {
      input.value = "Harvest";
      const how = { inputType: "insertReplacementText", bubbles: true };
      input.dispatchEvent(new InputEvent("input", how));
    }""")
    expect(page.get_by_label("Artist or band")).to_have_value("Neil Young")
    expect(page.get_by_label("Year")).to_have_value("1972")


def test_a_problem_is_shown_beside_its_field(page: Page) -> None:
    fill_form(page, "   ", "Harvest", "1972")
    page.get_by_role("button", name="Vote", exact=True).click()
    expect(page.locator("#name-error")).to_have_text("Please enter 1 to 200 visible characters.")
    expect(page.get_by_label("Artist or band")).to_be_focused()
    expect(page.get_by_label("Artist or band")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Artist or band").fill("Neil Young")
    expect(page.locator("#name-error")).to_be_empty()


def test_an_invalid_form_is_not_sent(page: Page) -> None:
    fill_form(page, "Neil Young", "", "1899")
    page.get_by_role("button", name="Vote", exact=True).click()
    expect(page.locator("#album-error")).to_have_text("Please fill this in.")
    expect(page.locator("#year-error")).to_have_text("Please enter a year from 1900 to 2100.")


def test_a_vote_without_an_answer_is_sent_again_with_the_same_id(page: Page) -> None:
    sent: list[Any] = []

    def lose(route: Route, request: Request) -> None:
        sent.append(request.post_data_json)
        match len(sent):
            case 1:
                route.fulfill(status=503, headers={"retry-after": "1"}, json={"detail": "Kafka"})
            case 2:
                route.abort()
            case 3:  # a proxy that forwarded the vote and lost the answer
                assert route.fetch().status == HTTPStatus.ACCEPTED
                route.fulfill(status=524)
            case _:
                route.continue_()

    page.route("**/votes", lose)
    fill_form(page, "Neil Young", "Tonight's the Night", "1975")
    page.get_by_role("button", name="Vote", exact=True).click()
    expect(page.locator("#outcome")).to_contain_text("Sending the same vote again in 1 s")
    expect(page.locator("#outcome")).to_contain_text("Your vote is in")
    assert len({vote["id"] for vote in sent}) == 1
    assert len(sent) == 4
    expect(album_row(page, "Tonight's the Night").locator(".votes")).to_have_text("1")


def test_the_next_vote_can_be_started_while_one_is_sent_again(page: Page) -> None:
    page.route("**/votes", lambda route: route.abort(), times=1)
    fill_form(page, "Neil Young", "Zuma", "1975")
    page.get_by_role("button", name="Vote", exact=True).click()
    expect(page.locator("#outcome")).to_contain_text("Sending the same vote again in 1 s")
    fill_form(page, "Neil Young", "Comes a Time", "1978")
    expect(page.locator("#outcome")).to_contain_text("Your vote is in")
    expect(album_row(page, "Zuma").locator(".votes")).to_have_text("1")
    expect(page.get_by_label("Album", exact=True)).to_have_value("Comes a Time")


def test_older_votes_can_be_paged_through_and_left(page: Page, url: str) -> None:
    for rank in range(1, 13):
        cast(url.rstrip("/"), "Harvest", rank)
    newest = page.locator("#votes tr")
    # Each of them is there: a vote can become visible before those cast just before it.
    expect(newest).to_contain_text([f"{rank}/100" for rank in range(12, 2, -1)])
    page.get_by_role("link", name="Older votes").click()
    expect(newest.first).to_contain_text(re.compile(r"\b2/100"))
    cast(url.rstrip("/"), "Harvest", 99)
    expect(page.locator("#albums")).to_be_visible()
    expect(newest.first).to_contain_text(re.compile(r"\b2/100"))
    page.get_by_role("link", name="Back to the latest").click()
    expect(newest.first).to_contain_text("99/100")


def test_a_spanish_browser_gets_the_page_in_spanish(browser: Browser, url: str) -> None:
    with open_page(browser, url, locale="es-AR") as page:
        expect(page.locator("#status")).to_have_text("En directo")
        expect(page.get_by_role("heading", name="Clasificación")).to_be_visible()
        expect(page.get_by_label("Puntuación (de 1 a 100)")).to_be_visible()
        expect(page.locator("#albums .average").first).to_contain_text(re.compile(r"\d,\d"))
        keep_screenshot(page, "spanish")


def test_dark_mode_has_a_dark_background(browser: Browser, url: str) -> None:
    with open_page(browser, url, color_scheme="dark") as page:
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        red, green, blue = map(int, re.findall(r"\d+", background)[:3])
        assert max(red, green, blue) < 40
        keep_screenshot(page, "dark")


def test_a_phone_needs_no_horizontal_scrolling(browser: Browser, url: str) -> None:
    phone = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}
    with open_page(browser, url, **phone) as page:
        expect(page.locator("#status")).to_have_text("Live")
        expect(page.get_by_text(NASTY, exact=True).first).to_be_attached()
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        keep_screenshot(page, "phone")
        # The link spans the full width, so it does not partly cover anything readable.
        bar = page.locator("#skip").bounding_box()
        assert bar is not None
        assert (bar["x"], bar["width"], bar["y"] + bar["height"]) == (0, 320, 640)
        page.locator("#skip").tap()
        expect(page.get_by_label("Artist or band")).to_be_in_viewport()


def test_without_scripts_there_are_tables(browser: Browser, url: str) -> None:
    with open_page(browser, url, java_script_enabled=False) as page:
        board = page.get_by_role("table", name="Leaderboard")
        expect(board.get_by_role("columnheader")).to_have_text(
            ["Place", "Album", "votes", "Average rank"]
        )
        expect(board.get_by_role("row").filter(has_text="Harvest")).to_be_visible()
        newest = page.get_by_role("table", name="Latest votes")
        expect(newest.get_by_role("row")).not_to_have_count(1)
        expect(page.get_by_role("button", name="Vote", exact=True)).to_be_visible()
        keep_screenshot(page, "without-scripts")


def test_reduced_motion_is_respected(browser: Browser, url: str) -> None:
    with open_page(browser, url, reduced_motion="reduce") as page:
        expect(page.locator("#status")).to_have_text("Live")
        cast(url.rstrip("/"), "Harvest", 70)
        expect(page.locator("#votes tr").first).to_contain_text("70/100")
        assert page.evaluate("document.getAnimations().length") == 0


def test_an_unavailable_store_is_shown_and_the_page_recovers(page: Page, stack: Stack) -> None:
    stack.redis.stop()
    expect(page.locator("#tally-notice")).to_be_visible()
    expect(page.locator("#albums")).to_contain_text("Harvest")
    keep_screenshot(page, "redis-away")
    stack.redis.start()
    expect(page.locator("#tally-notice")).to_be_hidden()


def test_a_lost_connection_is_shown_and_restored(page: Page, stack: Stack) -> None:
    results = stack.services["svc_results"]
    results.stop()
    expect(page.locator("#status")).to_have_text("Connection lost. Reconnecting…")
    results.start()
    expect(page.locator("#status")).to_have_text("Live")
