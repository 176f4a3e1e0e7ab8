"""A client of the organisers' API, for the command line."""

import time
from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec

from svc_polls.api.answers import (
    Changed,
    HistoryEvent,
    HistoryPage,
    PollList,
    PollState,
    PollSummary,
)
from svc_polls.api.ruling_answers import PreviewState, RulingWithIds
from svc_polls.publishing.publisher import Publication
from voting.http.problem import Problem

_ANSWER_SECONDS: Final = 60.0
# An instance that has just started has the newest event a second later.
_PATIENCE_SECONDS: Final = 15.0
_PAUSE_SECONDS: Final = 1.0
# A proposal of a second ago is counted soon.
_COUNT_PAUSE_SECONDS: Final = 0.25
_PAGE: Final = 500


class RefusedError(Exception):
    """Nothing was changed; the text says why."""


class UnknownOutcomeError(Exception):
    """It is not known whether the change takes effect; the text says what to do."""


class PollsClient:
    """Asks svc_polls. Raises `RefusedError`, or `UnknownOutcomeError` for changes."""

    def __init__(self, server: str, token: str) -> None:
        try:
            self._http = httpx.Client(
                base_url=server,
                headers={"authorization": f"Bearer {token}"},
                timeout=_ANSWER_SECONDS,
                trust_env=False,
            )
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            raise RefusedError(f"the server's URL or the token cannot be used: {error}") from error
        self._server = server

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def polls(self) -> list[PollSummary]:
        """Return all polls, by id."""
        found: list[PollSummary] = []
        after: str | None = ""
        while after is not None:
            parameters = {"limit": str(_PAGE)} | ({"after": after} if after else {})
            page = self._read("/api/polls", PollList, parameters)
            found += page.polls
            after = page.next
        return found

    def poll(self, poll: str) -> PollState:
        """Return a poll."""
        return self._read(f"/api/polls/{poll}", PollState)

    def find(self, poll: str) -> PollState | None:
        """Return a poll; None if there is none."""
        answer = self._ask("GET", f"/api/polls/{poll}")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        return _decoded(answer, PollState)

    def history(self, poll: str) -> list[HistoryEvent]:
        """Return the events of a poll, oldest first."""
        found: list[HistoryEvent] = []
        after: int | None = 0
        while after is not None:
            parameters = {"limit": str(_PAGE), "after": str(after)}
            page = self._read(f"/api/polls/{poll}/history", HistoryPage, parameters)
            found += page.events
            after = page.next
        return found

    def define(self, poll: str, form: msgspec.Struct, event: int | None) -> Changed:
        """Create a poll, or with the number of its last event replace its definition."""
        condition = {"if-none-match": "*"} if event is None else {"if-match": f'"{event}"'}
        return self._change("PUT", f"/api/polls/{poll}", condition, form)

    def act(self, poll: str, action: str, event: int | None, body: Any = None) -> Changed:
        """Change a poll but for its definition; `event` is that of the state that was seen."""
        condition = {"if-match": "*" if event is None else f'"{event}"'}
        return self._change("POST", f"/api/polls/{poll}/{action}", condition, body)

    def ruling(self, poll: str, number: int) -> RulingWithIds:
        """Return a ruling of a poll, with its ids."""
        return self._read(f"/api/polls/{poll}/rulings/{number}", RulingWithIds)

    def previewed(self, poll: str, number: int, *, wait: bool = True) -> RulingWithIds:
        """Return a ruling without its ids; if it is open, with what it would take or give back.

        While that is being counted, it is waited for, but not for long.
        """
        end = time.monotonic() + (_PATIENCE_SECONDS if wait else 0.0)
        path = f"/api/polls/{poll}/rulings/{number}"
        while True:
            found = self._read(path, RulingWithIds, {"ids": "false"})
            counting = found.preview is not None and found.preview.state is PreviewState.COUNTING
            if not counting or time.monotonic() > end:
                return found
            time.sleep(_COUNT_PAUSE_SECONDS)

    def publish(self, poll: str) -> Publication:
        """Begin to publish the result of a poll, unless that has begun; return how far it is."""
        return _decoded(self._ask("POST", f"/api/polls/{poll}/publish"), Publication)

    def publication(self, poll: str) -> Publication:
        """Return how far the publication of a poll's result is at the instance that answers."""
        return self._read(f"/api/polls/{poll}/publication", Publication)

    def _read[T](self, path: str, kind: type[T], parameters: dict[str, str] | None = None) -> T:
        return _decoded(self._ask("GET", path, params=parameters), kind)

    def _change(self, method: str, path: str, headers: dict[str, str], body: Any) -> Changed:
        sent = {} if body is None else {"content": msgspec.json.encode(body)}
        if sent:
            headers = headers | {"content-type": "application/json"}
        return _decoded(self._ask(method, path, headers=headers, **sent), Changed)

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        end = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                answer = self._http.request(method, path, **request)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
                raise RefusedError(f"cannot reach {self._server}: {error}") from error
            except httpx.HTTPError as error:
                reason = f"{self._server} did not answer: {error or type(error).__name__}"
                raise (RefusedError if method == "GET" else UnknownOutcomeError)(reason) from error
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > end:
                return answer
            time.sleep(_PAUSE_SECONDS)


def _decoded[T](answer: httpx.Response, kind: type[T]) -> T:
    try:
        if answer.is_success:
            return msgspec.json.decode(answer.content, type=kind)
        problem = msgspec.json.decode(answer.content, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(
            f"{answer.url} answers {answer.status_code}, but not as svc_polls does"
        ) from error
    if problem.status == HTTPStatus.GATEWAY_TIMEOUT:
        raise UnknownOutcomeError(problem.detail)
    raise RefusedError(problem.detail)
