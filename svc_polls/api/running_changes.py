"""A bound on the changes that run at the same time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from sanic import Request

from svc_polls.api.requests import leave_body
from svc_polls.log.metrics import CHANGES
from voting.http.problem import ProblemError

# Of each kind, so that slow definitions keep nobody from closing a poll. Most of them wait for
# their turn or for the rest of their body, and what has arrived of it is in memory.
CHANGES_MAX: Final = 8
_EDITING: Final = ("define", "copy")


class RunningChanges:
    """Two kinds of changes, those of definitions and all others, each with a bound of its own."""

    def __init__(self) -> None:
        self._running = Counter[bool]()

    @contextmanager
    def one_more(self, request: Request, change: str) -> Iterator[None]:
        """Run a change and count it with its status; refuse it when too many are running."""
        is_editing = change in _EDITING
        if self._running[is_editing] >= CHANGES_MAX:
            leave_body(request)
            CHANGES.labels(change, HTTPStatus.SERVICE_UNAVAILABLE.value).inc()
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many changes at the same time",
                headers={"retry-after": "1"},
            )
        self._running[is_editing] += 1
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        try:
            yield
            status = HTTPStatus.OK.value
        except ProblemError as error:
            status = error.problem.status
            raise
        finally:
            self._running[is_editing] -= 1
            CHANGES.labels(change, status).inc()
