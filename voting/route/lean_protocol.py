"""The lean path for `POST /votes`, before Sanic: no task, future or Request object per vote.

Sanic's own handler is the reference. Anything but a complete, ordinary `POST /votes` is passed to
it with all its bytes: another method or path, HTTP/1.0, `Connection: close`, chunked bodies,
`Expect`, headers or bodies over the limits, requests of a client that does not read its answers,
requests pipelined behind a vote that was refused at once, and every request once the service is
stopping.
"""

import re
from functools import cache
from http import HTTPStatus
from random import random
from time import monotonic
from typing import Any, Final, NamedTuple

from sanic import Sanic
from sanic.headers import format_http1_response
from sanic.http import Stage

from voting.casting.sink import OnResult, UnavailableError
from voting.domain.headers import ROUTE_HEADER, TRACE_HEADER
from voting.domain.vote import InvalidVoteError, Route, Vote, new_vote_id
from voting.http.app import problem_of, to_response
from voting.http.connection import HEAD_MAX, Connection
from voting.http.problem import HttpAnswer, ProblemError
from voting.route.route_state import CLIENT_LEFT, RouteState
from voting.route.vote_api import (
    BODY_MAX,
    KEY_HEADER,
    accepted_answer,
    accepted_body,
    check_in_time,
    check_media_type,
    read_json_vote,
    refusal_problem,
)
from voting.tracing.sampler import Sampler
from voting.tracing.trace_context import if_sampled, read_traceparent

_START: Final = b"POST /votes HTTP/1.1\r\n"
_END: Final = b"\r\n\r\n"
_ORDINARY: Final = re.compile(
    rb"POST /votes HTTP/1\.1(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*)*"
)
# Like Sanic, strip white space from the front of a value only.
_FIELD: Final = re.compile(
    rb"\r\n(connection|content-encoding|content-length|content-type|expect|%b|%b"
    rb"|transfer-encoding|upgrade):[\t ]*([\t -~]*)" % (KEY_HEADER.encode(), TRACE_HEADER.encode()),
    re.IGNORECASE,
)
_LENGTH: Final = re.compile("[0-9]{1,9}")  # Python refuses to parse thousands of digits

_TRACE_NAME: Final = re.compile(rb"\r\n%b:" % TRACE_HEADER.encode(), re.IGNORECASE)
_TRACE_LINE: Final = re.compile(
    _TRACE_NAME.pattern + rb" ([0-9a-f-]{55})(?=\r\n|\Z)", re.IGNORECASE
)

_KEPT_HEAD: Final = 4096  # bytes; a larger head is not kept
_KEPT_HEADS: Final = 1024


class Head(NamedTuple):
    """What matters in the head of an ordinary `POST /votes`."""

    length: int
    key: str | None
    parent: str | None
    """The request's traceparent."""
    traceparent: str | None
    """The same if its trace is recorded, which then goes with the vote."""


def read_head(head: bytes) -> Head | None:
    """Return what matters in a request's head (without the empty line), or None if not ordinary."""
    if not _ORDINARY.fullmatch(head):
        return None
    found = _FIELD.findall(head)
    fields = {name.decode().lower(): value.decode() for name, value in found}
    length = fields.pop("content-length", "")
    if len(found) != len(fields) + 1 or not _LENGTH.fullmatch(length) or int(length) > BODY_MAX:
        return None
    if fields.pop("connection", "keep-alive").lower() != "keep-alive":
        return None
    try:
        check_media_type(fields.pop("content-type", None))
    except ProblemError:
        return None
    key, parent = fields.pop(KEY_HEADER, None), read_traceparent(fields.pop(TRACE_HEADER, None))
    return None if fields else Head(int(length), key, parent, if_sampled(parent))


class _Heads(dict[bytes, Head | None]):
    """Heads as `read_head` reads them: most clients repeat a few, each with some body lengths.

    Behind an entry that traces, each head has another traceparent, so they are kept without it.
    """

    def __missing__(self, head: bytes) -> Head | None:
        if line := _TRACE_LINE.search(head):
            rest = head[: line.start()] + head[line.end() :]
            known = None if _TRACE_NAME.search(rest) else self[rest]
            parent = read_traceparent(line[1].decode())
            return known and known._replace(parent=parent, traceparent=if_sampled(parent))
        if len(self) == _KEPT_HEADS:
            self.clear()
        read = self[head] = read_head(head)
        return read


_HEADS: Final = _Heads()


class LeanProtocol(Connection):
    """A connection that answers votes itself and leaves everything else to Sanic.

    `_free` is true while Sanic waits for the connection's next request; only then is a vote taken
    here. While a vote is pending, Sanic's stage is `HANDLER`, so that its keep-alive timer and its
    shutdown see a request; bytes that arrive meanwhile wait in Sanic's buffer. So do the pieces of
    an incomplete request, which are passed to Sanic when they time out.
    """

    __slots__ = ("_accepted_head", "_free", "_route_state", "_sampler", "_start", "_vote")

    def __init__(self, *, app: Sanic[Any, Any], **kwargs: Any) -> None:
        super().__init__(app=app, **kwargs)
        self._route_state: RouteState = app.ctx.route_state
        self._accepted_head = _accepted_head(self._route_state.route)
        self._free = False
        self._vote: Vote | None = None  # the pending vote
        self._sampler: Sampler | None = None  # which votes `_trace` casts; None: none of them

    async def receive_more(self) -> None:
        """Wait for more bytes; between requests, a vote may then be taken here."""
        http = self._http
        between_requests = http.stage is Stage.IDLE and http.request is None
        self._free = between_requests and bool(self.app.config.KEEP_ALIVE)
        try:
            await super().receive_more()
        finally:
            self._free = False

    def data_received(self, data: bytes) -> None:
        """Take a vote, or pass the bytes to Sanic."""
        if self._free:
            self._start = monotonic()
            if self.recv_buffer:
                data = self._buffered() + data
            else:
                self._time = self._start
            try:
                self._take(data)
            except Exception as error:  # noqa: BLE001 - every error is answered
                self._fail(error)
        elif self._vote is None:
            super().data_received(data)
        else:
            self._keep(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection; count a client that left in the middle of its vote's body."""
        if self._free and _END in self.recv_buffer:
            self._route_state.count_refused(CLIENT_LEFT)
        super().connection_lost(exc)

    def check_timeouts(self) -> None:
        """End a request or an answer that takes too long."""
        seconds = monotonic() - self._time
        if self._vote is not None and seconds > self.response_timeout:
            too_late = ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "Response Timeout")
            self._refuse(too_late, last=True)
        elif self._free and self.recv_buffer and seconds > self.request_timeout:
            self._to_sanic(b"")
            self.loop.call_soon(super().check_timeouts)  # after Sanic has seen it
        else:
            super().check_timeouts()

    def _take(self, data: bytes) -> None:
        """Take the request that begins with `data`."""
        end = data.find(_END, 0, HEAD_MAX + 3)
        if end < 0:
            if len(data) < HEAD_MAX and data[: len(_START)] == _START[: len(data)]:
                self._keep(data)
            else:
                self._to_sanic(data)
            return
        head = _HEADS[data[:end]] if end <= _KEPT_HEAD else read_head(data[:end])
        if head is None or self._route_state.closing or not self._can_write.is_set():
            self._to_sanic(data)
            return
        size = end + 4 + head.length
        if len(data) < size:
            self._keep(data)
            return
        self._cast(head, data[end + 4 : size], self._on_result)
        if len(data) == size or self.gone:
            return
        if self._free:
            # Refused at once: pipelined requests take turns with other connections.
            self._to_sanic(data[size:])
        else:
            self._keep(data[size:])

    def _cast(self, head: Head, body: bytes, on_result: OnResult) -> None:
        sampler = self._sampler
        if sampler is not None and (
            random() < sampler.ratio  # noqa: S311 - guards nothing
            if head.parent is None
            else head.traceparent or not sampler.follows
        ):
            self._trace(head, body)
            return
        state = self._route_state
        try:
            vote = read_json_vote(body, head.key, state.route, state.sink.new_id, state.polls)
        except ProblemError as problem:
            self._refuse(problem)
            return
        self._vote = vote
        self._free = False
        self._http.stage = Stage.HANDLER
        try:
            state.sink.cast(vote, head.traceparent, on_result)
        except (UnavailableError, InvalidVoteError) as error:
            self._refuse(refusal_problem(vote, error, self._route_state.polls))

    def _trace(self, head: Head, body: bytes) -> None:
        """Cast a vote that may be sampled, where traces are recorded."""
        raise NotImplementedError

    def _on_result(self, error: BaseException | None) -> None:
        """Answer the pending vote, whose result is now known."""
        vote = self._vote
        if vote is None:
            return  # it timed out
        if self.transport is None or self.transport.is_closing():
            self._vote = None
            self._route_state.count_unanswered(monotonic() - self._start, error)
            return
        try:
            self._answer_vote(vote, error)
            if self.recv_buffer and not self.transport.is_closing():
                rest = self._buffered()
                self.transport.resume_reading()
                self._start = self._time
                self._take(rest)
        except Exception as fault:  # noqa: BLE001 - every error is answered
            self._fail(fault)

    def _answer_vote(self, vote: Vote, error: BaseException | None) -> None:
        if vote.poll and error is None:
            try:
                check_in_time(vote, self._route_state.polls)
            except UnavailableError as late:
                error = late
        if error is None:
            self._route_state.count_accepted(monotonic() - self._start)
            if self._route_state.closing:
                self._answer(accepted_answer(vote), last=True)
            else:
                self._send(self._accepted_head + accepted_body(vote.id))
        elif isinstance(error, UnavailableError | InvalidVoteError):
            self._refuse(refusal_problem(vote, error, self._route_state.polls))
        else:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Answer an unexpected error and close: the state of the connection is unknown."""
        self._refuse(problem_of("POST", "/votes", error), last=True)

    def _refuse(self, problem: ProblemError, *, last: bool = False) -> None:
        answer = problem.answer()
        self._route_state.count_refused(answer.status)
        self._answer(answer, last=last or self._route_state.closing)

    def _answer(self, answer: HttpAnswer, *, last: bool) -> None:
        connection = "close" if last else "keep-alive"
        self._send(head_of(answer, self._route_state.route, connection) + answer.body)
        if last:
            self._free = False
            self.lingers = True
            self.close()

    def _send(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)
        self._time = monotonic()
        self._http.stage = Stage.IDLE
        self._vote = None
        self._free = True

    def _keep(self, data: bytes) -> None:
        """Buffer bytes that cannot be handled yet; stop reading when there are many."""
        if self._free:
            self._http.stage = Stage.REQUEST
        self.recv_buffer += data
        if len(self.recv_buffer) >= self.app.config.REQUEST_BUFFER_SIZE and self.transport:
            self.transport.pause_reading()

    def _buffered(self) -> bytes:
        data = bytes(self.recv_buffer)
        self.recv_buffer.clear()
        return data

    def _to_sanic(self, data: bytes) -> None:
        """Let Sanic handle the request that begins with `data`."""
        self._free = False
        self._keep(data)
        self._data_received.set()


@cache
def _accepted_head(route: Route) -> bytes:
    any_id = new_vote_id(0)  # all ids have the same length
    return head_of(HttpAnswer(HTTPStatus.ACCEPTED, accepted_body(any_id)), route)


def head_of(answer: HttpAnswer, route: Route, connection: str = "keep-alive") -> bytes:
    """Return the head of an answer exactly as Sanic writes it."""
    response = to_response(answer)
    response.headers[ROUTE_HEADER] = route
    response.headers["content-length"] = len(answer.body)
    response.headers["connection"] = connection
    return format_http1_response(response.status, response.processed_headers)
