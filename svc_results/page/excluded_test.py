"""What rulings exclude, as the page, the screen, programs and watchers see it."""

from typing import Final

import msgspec
import pytest

from svc_results.page.poll_page import render_poll, render_screen
from svc_results.polls.poll_answer import poll_answer
from svc_results.polls.poll_counts import CountedPoll
from svc_results.polls.poll_snapshot import PollSnapshot, poll_snapshot
from svc_results.polls.poll_state import poll_state
from svc_results.testing.polls import FakeAudience, counted
from voting.pages.languages import Language
from voting.polls.event import Approve, Change, Open, Propose
from voting.polls.excluded import Excluded, exclusion_version
from voting.polls.poll import Poll
from voting.polls.ruling import Between
from voting.stores.tally_exclusion import Exclusion

NOW: Final = 100_000
REASON: Final = "Sold on <eBay> & elsewhere"


@pytest.fixture
def audience() -> FakeAudience:
    audience = FakeAudience(NOW)
    audience.log.define(NOW, poll="p")
    changes: list[tuple[Change, str]] = [
        (Open(), "ana"), (Propose(Between(1, NOW), REASON), "ana"), (Approve(1), "ben"),
    ]  # fmt: skip
    for change, author in changes:
        assert audience.log.append(change, NOW, "p", author).refusal is None
    audience.at(NOW + 1)
    audience.counted.tallies["p"] = counted(moon=1_200, blue=3)
    return audience


def apply(audience: FakeAudience) -> Poll:
    poll = audience.polls.find("p")
    taken = Excluded({1: counted(moon=1_100)})
    audience.counted.exclusions["p"] = Exclusion(exclusion_version(poll), taken)
    return poll


async def read(audience: FakeAudience) -> tuple[Poll, CountedPoll, PollSnapshot]:
    poll = audience.polls.find("p")
    found = await audience.counts.read(poll)
    await audience.counts.close()
    return poll, found, poll_snapshot(poll, audience.polls, found)


def page(audience: FakeAudience, snapshot: PollSnapshot, language: Language = "en") -> str:
    state = poll_state(audience.polls.find("p"), audience.polls)
    return render_poll(language, state, snapshot, "/static", voted=None)


def screen(audience: FakeAudience, snapshot: PollSnapshot) -> str:
    state = poll_state(audience.polls.find("p"), audience.polls)
    return render_screen("en", state, snapshot, "/static", address="here", transparent=False)


async def test_programs_see_counted_excluded_and_net(audience: FakeAudience) -> None:
    apply(audience)
    poll, found, snapshot = await read(audience)
    answer = poll_answer(poll, found, audience.polls)
    assert (answer.counted, answer.excluded, answer.votes) == (1_203, 1_100, 103)
    [ruling] = answer.rulings
    assert (ruling.number, ruling.reason, ruling.votes) == (1, REASON, 1_100)
    first, second, _ = answer.entries
    assert (first.id, first.votes, first.excluded, second.excluded) == ("moon", 100, 1_100, 0)
    assert snapshot.rulings == answer.rulings
    sparse = msgspec.to_builtins(snapshot.result)
    assert [one.get("excluded") for one in sparse] == [1_100, None, None]


async def test_people_see_why_votes_do_not_count(audience: FakeAudience) -> None:
    apply(audience)
    _, _, snapshot = await read(audience)
    why = "Sold on &lt;eBay&gt; &amp; elsewhere"
    said = page(audience, snapshot)
    assert ">Of 1,203 votes, 1,100 do not count.</p>" in said
    assert f"<li><bdi>{why}</bdi>: 1,100</li>" in said
    said = page(audience, snapshot, "es")
    assert ">De 1203 votos, 1100 no cuentan.</p>" in said
    assert f"<li><bdi>{why}</bdi>: 1100</li>" in said
    assert '<p id="excluded">1,100 more do not count</p>' in screen(audience, snapshot)


async def test_a_ruling_that_is_not_applied_yet_is_shown_as_such(audience: FakeAudience) -> None:
    poll, found, snapshot = await read(audience)
    assert [one.votes for one in poll_answer(poll, found, audience.polls).rulings] == [None]
    assert "elsewhere</bdi>: being left out</li>" in page(audience, snapshot)
    assert '<p id="excluded" hidden>' in screen(audience, snapshot)


async def test_without_rulings_nothing_is_said(audience: FakeAudience) -> None:
    audience.log.define(NOW, poll="q")
    audience.log.append(Open(), NOW, "q")
    poll = audience.polls.find("q")
    snapshot = poll_snapshot(poll, audience.polls, await audience.counts.read(poll))
    await audience.counts.close()
    assert snapshot.rulings == []
    state = poll_state(poll, audience.polls)
    said = render_poll("en", state, snapshot, "/static", voted=None)
    assert '<p class="hint" id="excluded" hidden></p>' in said
    assert '<details class="hint" id="why" hidden>' in said
