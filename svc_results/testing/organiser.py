"""An organiser of the polls that pages show, at the svc_polls of a running system."""

from functools import partial
from http import HTTPStatus
from typing import Any

import httpx

from harness.organisers.organiser import Organiser
from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from svc_results.testing.page_actions import get_url
from voting.domain.headers import CANARY_HEADER, FORCE
from voting.domain.vote import Route


class WaitingOrganiser(Organiser):
    """Can wait until a change has reached the routes and svc_results."""

    def __init__(self, stack: Stack, token: str | None = None) -> None:
        """`token` is that of the stack's first organiser unless given."""
        super().__init__(stack.services["svc_polls"].url, token or stack.organiser_token)
        self._url = stack.entry.url

    def open_everywhere(self, poll: str) -> None:
        """Open a poll and wait until it is open for svc_results and for both routes."""
        self.open(poll)
        self.wait_for(poll, "open")
        for route in Route:
            wait_until(partial(self._is_open, poll, route), f"{poll} is open by {route}")

    def publish(self, poll: str) -> None:
        """Publish the result of a poll and wait until it stands."""
        self.begin_to_publish(poll)
        wait_until(lambda: (self.look(poll) or {}).get("published"), f"{poll} is published")

    def revoke_everywhere(self, poll: str, batch: int, code: str) -> None:
        """Take back a batch, and wait until svc_voters gives nothing for a code of it."""
        self._asked("POST", f"/{poll}/revoke", {"if-match": "*"}, {"batch": batch})
        body = {"way": "code", "code": code}

        def is_refused() -> bool:
            with httpx.Client(timeout=30, trust_env=False) as client:
                answer = client.post(f"{self._url}/voters/{poll}", json=body)
            return answer.status_code == HTTPStatus.FORBIDDEN

        wait_until(is_refused, f"batch {batch} of {poll} is taken back")

    def wait_for_cut(self, poll: str) -> None:
        """Wait until svc_polls has cut a closed poll."""

        def is_cut() -> bool:
            state = self.look(poll)
            return state is not None and state["cut"] is not None

        wait_until(is_cut, f"the cut of {poll}")

    def state(self, poll: str) -> dict[str, Any]:
        """Return the poll as svc_results shows it."""
        answer: dict[str, Any] = get_url(f"{self._url}/api/polls/{poll}").json()
        return answer

    def wait_for(self, poll: str, phase: str) -> None:
        """Wait until svc_results shows the poll in this phase."""
        wait_until(lambda: self.state(poll).get("phase") == phase, f"{poll} is {phase}")

    def _is_open(self, poll: str, route: Route) -> bool:
        """Whether a route refuses a vote for its entry alone."""
        with httpx.Client(timeout=30, trust_env=False) as client:
            answer = client.post(
                f"{self._url}/votes",
                json={"poll": poll, "entry": "none", "rank": 1},
                headers={CANARY_HEADER: FORCE[route]},
            )
        return answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
