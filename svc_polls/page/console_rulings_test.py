"""Rulings, and a release by two people, in the console: headless Chromium and a real broker."""

from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.processes.waiting import wait_until
from harness.testing.browser import keep_screenshot, open_page
from svc_polls.testing.desk import LAPTOP, NASTY, Desk, choose, press, sign_in
from voting.testing.examples import vote_with

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.console_fixtures"]

ID: Final = vote_with().id
PHONE: Final = {"width": 390, "height": 844}
JURY: Final = {"name": "jury", "number": 1}
VOTERS: Final = {"scope": "awards-2026", "classes": [{"name": "audience"}, JURY]}


def opened(desk: Desk, poll: str, **fields: Any) -> str:
    desk.define(poll, **{"voters": VOTERS, **fields})
    desk.ask("POST", f"/{poll}/open")
    return poll


def rule(desk: Desk, poll: str, who: str = "rea", **form: Any) -> None:
    desk.ask("POST", f"/{poll}/rulings", who, json={"reason": "Sold votes", **form})


def test_one_proposes_another_approves_and_both_lift_it_again(
    page: Page, browser: Browser, desk: Desk
) -> None:
    poll = opened(desk, "two-people", title="Two people")
    sign_in(page, "rea")
    choose(page, poll)
    page.locator("#do-exclude").click()
    dialog = page.locator("#ruling")
    expect(dialog).to_contain_text("Two people")
    page.locator("#ruling-ids").fill(f"{ID}\n\n{ID}")
    page.locator("#ruling-reason").fill("Votes that were sold")
    dialog.get_by_role("button", name="Propose").click()
    expect(page.locator("#outcome")).to_have_text(
        "Proposed as ruling 1. Another person must approve it."
    )
    card = page.locator("#rulings li").first
    expect(card).to_contain_text("Votes by their ids: 1")
    expect(card).to_contain_text("Votes that were sold")
    expect(page.locator("#approve-1")).to_be_hidden()
    expect(card).to_contain_text("another person must approve it")
    with open_page(browser, desk.running.url, viewport=LAPTOP) as other:
        sign_in(other, "ana")
        choose(other, poll)
        other.get_by_text("Show the ids").click()
        expect(other.locator(".ids")).to_have_text(ID)
        other.locator("#approve-1").click()
        expect(other.locator("#confirm")).to_contain_text("Votes that were sold")
        other.locator("#go").click()
        expect(other.locator("#outcome")).to_contain_text("Ruling 1 is in force since")
        other.locator("#lift-1").click()
        expect(other.locator("#which")).to_be_hidden()
        other.locator("#ruling-reason").fill("The wrong ids")
        other.keyboard.press("Enter")
        expect(other.locator("#outcome")).to_contain_text("Proposed as ruling 2.")
    page.locator("#approve-2").click()
    expect(page.locator("#confirm-what")).to_have_text(
        "Ruling 2: The votes of ruling 1 count again"
    )
    page.locator("#go").click()
    expect(page.locator("#rulings")).to_contain_text("Ruling 1 – lifted by ruling 2")
    expect(page.locator("#rulings button:visible")).to_have_count(0)
    expect(page.locator("#history tr").first).to_contain_text("approved ruling 2")


def test_votes_are_chosen_by_class_and_by_time(page: Page, desk: Desk) -> None:
    poll = opened(desk, "chosen")
    sign_in(page, "ana")
    choose(page, poll)
    page.locator("#do-exclude").click()
    page.get_by_label("Of a class of voters").check()
    page.locator("#ruling-class").select_option("jury")
    page.locator("#ruling-reason").fill("No jury")
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#rulings li").first).to_contain_text("Votes of the class jury")
    page.locator("#do-exclude").click()
    page.get_by_label("By when they arrived").check()
    page.locator("#ruling-reason").fill("A test")
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#rulings li").first).to_contain_text("Votes that arrived from")
    page.locator("#refuse-1").click()
    page.locator("#go").click()
    expect(page.locator("#outcome")).to_have_text("Ruling 1 is refused.")


@pytest.mark.parametrize(
    ("ids", "reason", "error", "field"),
    [
        ("", "Bots", "Give at least one id.", "ruling-ids"),
        (f"{ID}\n{ID[:-1]}", "Bots", "Line 2 is not the id of a vote.", "ruling-ids"),
        ((ID + "\n") * 20_001, "Bots", "Give at most 20,000 ids.", "ruling-ids"),
        (ID, "  ", "Give a reason.", "ruling-reason"),
    ],
)
def test_what_is_missing_is_said_where_it_is_missing(
    page: Page, desk: Desk, ids: str, reason: str, error: str, field: str
) -> None:
    poll = "wrong-form"
    if poll not in {one["id"] for one in desk.ask("GET", "?limit=500")["polls"]}:
        opened(desk, poll)
    sign_in(page, "rea")
    choose(page, poll)
    page.locator("#do-exclude").click()
    page.evaluate("ids => { document.getElementById('ruling-ids').value = ids; }", ids)
    page.locator("#ruling-reason").fill(reason)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#ruling-error")).to_have_text(error)
    expect(page.locator(f"#{field}")).to_be_focused()


def test_the_keyboard_is_enough_for_a_ruling(page: Page, desk: Desk) -> None:
    poll = opened(desk, "rule-by-keys")
    sign_in(page, "rea")
    choose(page, poll)
    page.locator("#do-exclude").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#which-ids")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#do-exclude")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.locator("#ruling-class")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Bots")
    page.keyboard.press("Enter")
    expect(page.locator("#rulings li").first).to_contain_text("Votes of the class audience")
    expect(page.locator("#detail")).to_be_focused()  # as after each change


def test_a_result_is_released_by_two_once_rulings_are_decided_and_it_is_published(
    page: Page, browser: Browser, desk: Desk
) -> None:
    poll = opened(desk, "by-two", show_result="on_release", releasers=2)
    rule(desk, poll, voter_class="audience")
    desk.ask("POST", f"/{poll}/close")
    sign_in(page, "ana")
    choose(page, poll)
    expect(page.locator("#facts")).to_contain_text("when two people have released it")
    expect(page.locator("#phase")).to_have_text("Final")
    expect(page.locator("#role-hint")).to_contain_text("Ruling 1 is neither approved nor refused")
    expect(page.locator("#do-publish")).to_be_hidden()
    page.locator("#refuse-1").click()
    page.locator("#go").click()
    expect(page.locator("#role-hint")).to_contain_text("once the signed result is published")
    expect(page.locator("#do-release")).to_be_hidden()
    press(page, "publish")
    keep_screenshot(page, "publish-laptop")
    page.locator("#go").click()
    expect(page.locator("#facts")).to_contain_text("published, for good")
    press(page, "release")
    expect(page.locator("#effect")).to_contain_text("You are the first of two")
    keep_screenshot(page, "release-first-laptop")
    page.locator("#go").click()
    expect(page.locator("#outcome")).to_contain_text("once another person has released it")
    expect(page.locator("#do-release")).to_be_hidden()
    expect(page.locator("#role-hint")).to_contain_text("You have released it")
    assert desk.ask("GET", f"/{poll}")["shows_result"] is False
    options: Any = {"viewport": PHONE, "locale": "es-ES", "color_scheme": "dark"}
    with open_page(browser, desk.running.url, **options) as other:
        sign_in(other, "rea")
        choose(other, poll)
        expect(other.locator("#facts")).to_contain_text("ana; falta otra persona")
        press(other, "release")
        expect(other.locator("#effect")).to_contain_text("Tiene efecto inmediato")
        keep_screenshot(other, "release-second-phone")
        other.locator("#go").click()
        expect(other.locator("#outcome")).to_contain_text("El resultado se muestra desde")
        keep_screenshot(other, "released-phone")
    wait_until(lambda: bool(desk.ask("GET", f"/{poll}")["shows_result"]), "the result")


def test_a_decision_that_crosses_another_one_is_told_in_spanish(
    browser: Browser, desk: Desk
) -> None:
    poll = opened(desk, "cruce")
    rule(desk, poll, who="ana", voter_class="audience")
    with open_page(browser, desk.running.url, locale="es-ES", viewport=LAPTOP) as page:
        sign_in(page, "ana")
        choose(page, poll)
        page.locator("#refuse-1").click()
        expect(page.locator("#confirm-title")).to_have_text("¿Rechazar esta resolución?")
        desk.ask("POST", f"/{poll}/rulings/1/approve", "rea")
        page.locator("#go").click()
        expect(page.locator("#outcome")).to_contain_text(
            "rea cambió esta votación entretanto (aprobó la resolución 1)"
        )
        said = page.evaluate("""async () => {
            const script = document.querySelector("script[src]").src;
            const words = await import(script.replace("console.js", "words.js"));
            return words.reason("ruling 17 has been approved or refused");
        }""")
        assert said == "la resolución 17 ya se aprobó o se rechazó"


def test_reasons_are_text_only(page: Page, desk: Desk) -> None:
    poll = opened(desk, "reasons")
    rule(desk, poll, voter_class="jury", reason=NASTY[:200])
    sign_in(page, "ana")
    choose(page, poll)
    expect(page.locator(".ruling-reason")).to_have_text(NASTY[:200].strip())
    page.locator("#approve-1").click()
    expect(page.locator("#confirm-reason")).to_have_text(NASTY[:200].strip())
    assert page.locator("#console img, #console script, #confirm img").count() == 0
    assert page.title() == "Polls console"


def overflow(page: Page, dialog: str) -> int:
    script = "id => (one => one.scrollWidth - one.clientWidth)(document.getElementById(id))"
    return int(page.evaluate(script, dialog))


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize(("scheme", "locale"), [("light", "en-GB"), ("dark", "es-ES")])
def test_nothing_runs_out_of_the_page_with_many_rulings(
    browser: Browser, desk: Desk, viewport: Any, scheme: Any, locale: str
) -> None:
    poll = opened(desk, f"many-{viewport['width']}-{scheme}", title="W" * 200, spanish=NASTY)
    rule(desk, poll, ids=[ID[:-4] + f"{n:04x}" for n in range(3000)], batch=7, reason="W" * 200)
    desk.ask("POST", f"/{poll}/rulings/1/approve", "ana")
    rule(desk, poll, lifts=1)
    desk.ask("POST", f"/{poll}/rulings/2/approve", "ana")
    rule(desk, poll, who="ana", voter_class="jury")
    rule(desk, poll, between={"from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"})
    options: Any = {"viewport": viewport, "color_scheme": scheme, "locale": locale}
    with open_page(browser, desk.running.url, reduced_motion="reduce", **options) as page:
        sign_in(page, "ana")
        choose(page, poll)
        page.locator("#rulings summary").click()
        expect(page.locator(".ids")).to_contain_text("-")
        name = f"rulings-{viewport['width']}-{scheme}"
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        page.locator("#rulings-part").scroll_into_view_if_needed()
        keep_screenshot(page, name)
        page.locator("#approve-4").click()
        assert overflow(page, "confirm") <= 0
        keep_screenshot(page, f"{name}-approve")
        page.keyboard.press("Escape")
        page.locator("#do-exclude").click()
        for kind in ("ids", "class", "between"):
            page.locator(f'input[name="which"][value="{kind}"]').check()
            assert overflow(page, "ruling") <= 0
            keep_screenshot(page, f"{name}-{kind}")
