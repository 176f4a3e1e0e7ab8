"""Officials of polls, with two instances of the real svc_polls."""

from contextlib import ExitStack
from typing import Any, override

import pytest

from harness.organisers.organiser import ENTRIES, Organiser
from harness.organisers.poll_officials import PollOfficials
from harness.processes.waiting import until
from harness.voters.poll_window import PollWindow
from svc_polls.testing.running import ANY, Topics
from voting.service.clock_watch import now_ms

pytest_plugins = ["harness.testing.fixtures", "svc_polls.testing.running_fixtures"]

HOUR_MS = 3_600_000
LIFTED = 2  # the place of a poll whose ruling is lifted again


class Overtaken(Organiser):
    """Knows a poll as it was before somebody proposed to lift its ruling."""

    overtaken = False

    @override
    def look(self, poll: str) -> dict[str, Any] | None:
        seen = super().look(poll)
        states = [one["state"] for one in seen["rulings"]] if seen else []
        if states == ["in_force"] and not self.overtaken:
            self.overtaken = True
            self.rule(poll, "Somebody was faster", lifts=1)
        return seen


@pytest.mark.timeout(120)
async def test_of_two_who_lift_a_ruling_one_does(topics: Topics) -> None:
    here, there = topics.start(), topics.start()
    here.define("lifted")
    here.ask("POST", "/lifted/open", headers=ANY)
    url = here.running.url
    opens_at_ms = now_ms() - HOUR_MS
    poll = PollWindow("lifted", ENTRIES, opens_at_ms, opens_at_ms + 2 * HOUR_MS)
    others = [PollWindow(f"none-{number}", ENTRIES, opens_at_ms, None) for number in range(LIFTED)]
    proposer, approver = Overtaken(url, "ana"), Organiser(there.running.url, "rea")
    with ExitStack() as ends:
        for organiser in (proposer, approver):
            ends.callback(organiser.close_connections)
        officials = PollOfficials([proposer], [approver], [*others, poll])

        async def is_lifted() -> bool:
            await officials.attend()
            states = [one["state"] for one in here.poll("lifted")["rulings"]]
            return states == ["lifted", "in_force"]

        await until(is_lifted, "the ruling is lifted, and nothing else is open")
    assert [one["reason"] for one in here.poll("lifted")["rulings"]] == [
        "Made by a program",
        "Somebody was faster",
    ]
    assert officials.describe_unpublished(now_ms()).startswith("lifted (")
