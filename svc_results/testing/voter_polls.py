"""Polls whose votes need tokens, for tests of their pages."""

import itertools
from typing import Any, Final

import httpx
from playwright.sync_api import Page

from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from harness.system.system import VOTER_KEY
from svc_results.testing.organiser import WaitingOrganiser
from svc_results.testing.page_actions import get_url
from voting.testing.polls import with_changes
from voting.voters.codes import make_code
from voting.voters.rules import VoterRules

PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 360, "height": 740},
    "is_mobile": True,
    "has_touch": True,
    "timezone_id": "Europe/Madrid",
}
SCOPE: Final = "gala-2026"
# All pauses but the wait for an answer are short.
QUICK_RETRIES: Final = (
    "const wait = setTimeout; "
    "window.setTimeout = (then, ms) => wait(then, ms === 10000 ? ms : Math.min(ms, 20));"
)
_NUMBERS: Final = itertools.count()
_SERIALS: Final = itertools.count(1)


class Polls:
    """Opens polls with voters, and makes tickets for them."""

    def __init__(self, stack: Stack, organiser: WaitingOrganiser, url: str) -> None:
        self._stack = stack
        self._organiser = organiser
        self.url = url

    def open(self, rank_max: int = 1, **rules: Any) -> str:
        """Open a poll and return its address."""
        address = self.define(rank_max, **rules)
        self.open_now(address)
        return address

    def define(self, rank_max: int = 1, **rules: Any) -> str:
        """Define a poll that is not open yet, and return its address."""
        name = f"gala-{next(_NUMBERS)}"
        voters = VoterRules(**{"scope": SCOPE, "key": VOTER_KEY, **rules})
        self._organiser.create(name, with_changes(rank_max=rank_max, voters=voters))
        self._organiser.wait_for(name, "not_open")
        return f"{self.url}p/{name}"

    def open_now(self, address: str) -> None:
        """Open a poll that was defined."""
        self._organiser.open_everywhere(_id_in(address))

    def revoke(self, address: str, batch: int) -> None:
        """Take back a batch of codes."""
        self._organiser.revoke_everywhere(_id_in(address), batch, self.code(batch))

    def code(self, batch: int = 1, voter_class: int = 0) -> str:
        """Return a code that nobody else has."""
        code_key = self._stack.voter_keys.scope_keys(VOTER_KEY, SCOPE).code_key
        serial = next(_SERIALS)
        return make_code(code_key, voter_class=voter_class, batch=batch, serial=serial)

    def token(self, scope: str = SCOPE) -> str:
        """Return the token of a new voter."""
        return self._stack.voter_token(scope)

    def cast(self, address: str, token: str, entry: str, **fields: Any) -> int:
        """Vote without the page, and return the answer's status."""
        vote = {"poll": _id_in(address), "entry": entry, "rank": 1, "voter": token}
        with httpx.Client(base_url=self.url, timeout=30, trust_env=False) as client:
            return client.post("votes", json=vote | fields).status_code


def counted(address: str, **expected: int) -> None:
    """Wait until a poll has these votes, and no others."""

    def votes() -> dict[str, int]:
        result = get_url(address.replace("/p/", "/api/polls/") + "/result").json()
        return {entry["id"]: entry["votes"] for entry in result["entries"] if entry["votes"]}

    wait_until(lambda: votes() == expected, f"{address} has {expected}")


def _id_in(address: str) -> str:
    return address.rsplit("/", 1)[1]


def tap(page: Page, album: str) -> None:
    """Tap an album."""
    page.get_by_role("button", name=album).tap()


def kept(page: Page) -> str:
    """Return all that the page keeps in this browser."""
    text: str = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    return text
