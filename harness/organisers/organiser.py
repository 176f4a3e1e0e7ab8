"""An organiser: a client of svc_polls."""

from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec

from svc_polls.api.forms import form_of
from voting.polls.definition import (
    ANSWER_WITHIN_MAX_MS,
    Entry,
    PollDefinition,
    ShowResult,
    Titles,
)
from voting.voters.rules import VoterRules

ENTRIES: Final = (
    Entry("cantora", "Mercedes Sosa", "Cantora", 2009),
    Entry("vespertine", "Björk", "Vespertine", 2001),
    Entry("pastel-blues", "Nina Simone", "Pastel Blues", 1965),
    Entry("async", "坂本 龍一", "async", 2017),
)
"""What the polls of simulated organisers are about."""

_TIMEOUT_SECONDS: Final = 20.0


class OrganiserError(Exception):
    """svc_polls did not do what it was asked for; the text has its answer."""


class Organiser:
    """Asks one address of svc_polls; may be used by several threads."""

    def __init__(self, url: str, token: str) -> None:
        """`url` is that of svc_polls, without a path; `token` is the organiser's."""
        authorization = {"authorization": f"Bearer {token}"}
        self._http = httpx.Client(
            base_url=f"{url}/api/polls",
            headers=authorization,
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
        )

    def close_connections(self) -> None:
        """Close the connections."""
        self._http.close()

    def define(
        self,
        poll: str,
        opens_at_ms: int | None = None,
        closes_at_ms: int | None = None,
        show_result: ShowResult = ShowResult.LIVE,
        titles: Titles | None = None,
        voters: VoterRules | None = None,
    ) -> dict[str, Any]:
        """Create a poll with `ENTRIES`; times are Unix times in milliseconds, None: by hand."""
        definition = PollDefinition(
            titles=titles or Titles(poll, poll),
            entries=ENTRIES,
            opens_at_ms=opens_at_ms,
            closes_at_ms=closes_at_ms,
            show_result=show_result,
            voters=voters,
            answer_within_ms=ANSWER_WITHIN_MAX_MS,
        )
        return self.create(poll, definition)

    def create(self, poll: str, definition: PollDefinition) -> dict[str, Any]:
        """Create a poll with this definition, but with svc_polls' own `answer_within_ms`."""
        form = msgspec.to_builtins(form_of(definition))
        return self._asked("PUT", f"/{poll}", {"if-none-match": "*"}, form)

    def open(self, poll: str) -> dict[str, Any]:
        """Open a poll by hand."""
        return self._asked("POST", f"/{poll}/open", {"if-match": "*"})

    def release(self, poll: str) -> dict[str, Any]:
        """Show the result of a poll, or be the first of two who do."""
        return self._asked("POST", f"/{poll}/release", {"if-match": "*"})

    def rule(self, poll: str, reason: str, event: int | None = None, **selection: Any) -> int:
        """Propose a ruling and return its number; `selection` is as in the API.

        `event` is the number that the poll's last event must have; None for any.
        """
        form = {"reason": reason, **selection}
        changed = self._asked("POST", f"/{poll}/rulings", {"if-match": _tag(event)}, form)
        return len(changed["poll"]["rulings"])

    def approve(self, poll: str, ruling: int) -> dict[str, Any]:
        """Put a ruling in force that another organiser proposed."""
        return self._asked("POST", f"/{poll}/rulings/{ruling}/approve", {"if-match": "*"})

    def refuse(self, poll: str, ruling: int) -> dict[str, Any]:
        """End a proposed ruling."""
        return self._asked("POST", f"/{poll}/rulings/{ruling}/refuse", {"if-match": "*"})

    def close_now(self, poll: str, event: int | None = None) -> dict[str, Any]:
        """Close a poll as soon as possible; `event` is as in `rule`."""
        return self._asked("POST", f"/{poll}/close", {"if-match": _tag(event)})

    def begin_to_publish(self, poll: str) -> None:
        """Begin to publish a result, unless that has begun; what failed before begins again."""
        _document(self._ask("POST", f"/{poll}/publish"))

    def publication(self, poll: str) -> str:
        """Return how far the publication of a result is, and why it failed."""
        document = _document(self._ask("GET", f"/{poll}/publication"))
        return " ".join(filter(None, (document["stage"], document["reason"])))

    def is_answered(self) -> bool:
        """Return whether svc_polls knows the newest events; after an outage of Kafka it waits."""
        try:
            self.look("any")
        except OrganiserError:
            return False
        return True

    def look(self, poll: str) -> dict[str, Any] | None:
        """Return a poll's state; None if there is no such poll."""
        answer = self._ask("GET", f"/{poll}")
        return None if answer.status_code == HTTPStatus.NOT_FOUND else _document(answer)

    def _asked(
        self, method: str, path: str, headers: dict[str, str], form: object | None = None
    ) -> dict[str, Any]:
        return _document(self._ask(method, path, headers, form))

    def _ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        form: object | None = None,
    ) -> httpx.Response:
        try:
            return self._http.request(method, path, headers=headers, json=form)
        except httpx.HTTPError as error:
            raise OrganiserError(f"{type(error).__name__}: {error}") from error


def _tag(event: int | None) -> str:
    return "*" if event is None else f'"{event}"'


def _document(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        raise OrganiserError(f"{answer.status_code} {answer.text}")
    document: dict[str, Any] = answer.json()
    return document
