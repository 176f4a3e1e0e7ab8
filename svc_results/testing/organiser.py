"""An organiser of the polls that pages show, at the svc_polls of a running system."""

from functools import partial
from http import HTTPStatus
from typing import Any

import httpx
import msgspec

from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from svc_polls.api.forms import form_of
from svc_results.testing.page_actions import get_url
from voting.domain.headers import CANARY_HEADER, FORCE
from voting.domain.times import from_rfc3339
from voting.domain.vote import Route
from voting.testing.polls import with_changes


class Organiser:
    """Makes changes one after the other; svc_polls cuts what is closed."""

    def __init__(self, stack: Stack) -> None:
        self._url = stack.entry.url
        self._polls = f"{stack.services['svc_polls'].url}/api/polls"
        self._headers = {"authorization": f"Bearer {stack.organiser_token}"}

    def define(self, poll: str, **fields: Any) -> None:
        """Define the example poll with these fields changed."""
        form = msgspec.to_builtins(form_of(with_changes(**fields)))
        self._ask("PUT", poll, {"if-none-match": "*"}, form)

    def open(self, poll: str) -> None:
        """Open a poll and wait until svc_results and the routes know it."""
        self._ask("POST", f"{poll}/open", {"if-match": "*"})
        self.wait_for(poll, "open")
        for route in Route:
            wait_until(f"the {route} route knows {poll}", partial(self._is_known, poll, route), 30)

    def close(self, poll: str) -> int:
        """Close a poll as soon as it can be; return when that will be."""
        closed = self._ask("POST", f"{poll}/close", {"if-match": "*"})
        return from_rfc3339(closed["poll"]["closes_at"])

    def wait_for_cut(self, poll: str) -> None:
        """Wait until svc_polls has cut a closed poll."""
        wait_until("the cut", lambda: self._ask("GET", poll, {})["cut"] is not None, 40)

    def release(self, poll: str) -> None:
        """Release a poll's result."""
        self._ask("POST", f"{poll}/release", {"if-match": "*"})

    def state(self, poll: str) -> dict[str, Any]:
        """Return what svc_results says of the poll."""
        answer: dict[str, Any] = get_url(f"{self._url}/api/polls/{poll}").json()
        return answer

    def wait_for(self, poll: str, phase: str) -> None:
        """Wait until svc_results shows the poll in this phase."""
        wait_until(f"{poll} is {phase}", lambda: self.state(poll).get("phase") == phase, 30)

    def _is_known(self, poll: str, route: Route) -> bool:
        """Whether a route has only the entry to complain about."""
        with httpx.Client(timeout=30, trust_env=False) as client:
            answer = client.post(
                f"{self._url}/votes",
                json={"poll": poll, "entry": "none", "rank": 1},
                headers={CANARY_HEADER: FORCE[route]},
            )
        return answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY

    def _ask(
        self, method: str, path: str, headers: dict[str, str], form: object | None = None
    ) -> dict[str, Any]:
        with httpx.Client(timeout=30, trust_env=False) as client:
            url = f"{self._polls}/{path}"
            answer = client.request(method, url, headers=self._headers | headers, json=form)
        if not answer.is_success:
            raise AssertionError(answer.text)
        document: dict[str, Any] = answer.json()
        return document
