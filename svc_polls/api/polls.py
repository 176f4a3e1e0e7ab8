"""Answers organisers' requests about polls."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from sanic import HTTPResponse, Request

from svc_polls.api.answers import changed_answer, history_page, poll_list, poll_state
from svc_polls.api.forms import (
    CloseForm,
    CopyForm,
    DefinitionForm,
    InvalidFormError,
    RevokeForm,
    definition_of,
    read_time,
    revoke_of,
)
from svc_polls.api.requests import (
    Condition,
    authenticate,
    check_poll_id,
    invalid,
    leave_body,
    read_after_event,
    read_after_poll,
    read_condition,
    read_form,
    read_limit,
)
from svc_polls.api.running_changes import RunningChanges
from svc_polls.log.history import PollHistory
from svc_polls.log.writer import (
    ConditionFailedError,
    LogUnavailableError,
    PollLogWriter,
    UnknownFateError,
)
from svc_polls.tokens import Organisers, Role
from voting.http.problem import JSON_TYPE, ProblemError
from voting.polls.definition import PollDefinition
from voting.polls.event import Change, Close, Define, Open, Release
from voting.polls.known_polls import KnownPolls
from voting.polls.poll import Poll, RefusedChangeError


class PollsApi:
    """Answers requests from what is known of the log of polls, and writes changes to it."""

    def __init__(
        self,
        known: KnownPolls,
        history: PollHistory,
        writer: PollLogWriter,
        organisers: Organisers,
        changes: RunningChanges,
        answer_within_ms: int,
        clock: Callable[[], int],
    ) -> None:
        """`answer_within_ms` is that of new definitions; `clock` is Unix time in milliseconds."""
        self._known = known
        self._history = history
        self._writer = writer
        self._organisers = organisers
        self._answer_within_ms = answer_within_ms
        self._clock = clock
        self._changes = changes

    async def list(self, request: Request) -> HTTPResponse:
        """GET /api/polls."""
        self._may_read(request)
        limit, after = read_limit(request), read_after_poll(request)
        polls = self._known.book.polls
        following = sorted(poll_id for poll_id in polls if poll_id > after)[: limit + 1]
        page = poll_list([polls[poll_id] for poll_id in following], limit, self._clock())
        return _answer(page)

    async def show(self, request: Request, poll: str) -> HTTPResponse:
        """GET /api/polls/<id>."""
        self._may_read(request)
        found = self._poll(poll)
        return _answer(poll_state(found, self._clock()), event=found.event)

    async def history(self, request: Request, poll: str) -> HTTPResponse:
        """GET /api/polls/<id>/history."""
        self._may_read(request)
        limit, after = read_limit(request), read_after_event(request)
        self._poll(poll)
        return _answer(history_page(self._history.of(poll, after, limit + 1), limit))

    async def define(self, request: Request, poll: str) -> HTTPResponse:
        """PUT /api/polls/<id>."""
        author = authenticate(request, self._organisers, Role.EDITOR).name
        with self._changes.one_more(request, "define"):
            check_poll_id(poll)
            condition = read_condition(request)
            form = await read_form(request, DefinitionForm)
            if condition is None:
                if poll in self._known.book.polls:
                    raise _condition_missing()
                condition = Condition(0)
            change = Define(self._definition(form))
            return await self._change(author, poll, change, condition)

    async def open(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/open."""
        author = authenticate(request, self._organisers, Role.OPERATOR).name
        with self._changes.one_more(request, "open"):
            leave_body(request)
            return await self._change(author, poll, Open(), _required(request))

    async def close(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/close."""
        author = authenticate(request, self._organisers, Role.OPERATOR).name
        with self._changes.one_more(request, "close"):
            condition = _required(request)
            form = await read_form(request, CloseForm, optional=True)
            change = Close(_time("closes_at", form.closes_at))
            return await self._change(author, poll, change, condition)

    async def release(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/release."""
        author = authenticate(request, self._organisers, Role.RELEASER).name
        with self._changes.one_more(request, "release"):
            leave_body(request)
            return await self._change(author, poll, Release(), _required(request))

    async def revoke(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/revoke."""
        author = authenticate(request, self._organisers, Role.OPERATOR).name
        with self._changes.one_more(request, "revoke"):
            condition = _required(request)
            form = await read_form(request, RevokeForm)
            self._usable()
            try:
                change = revoke_of(form, self._poll(poll).definition)
            except InvalidFormError as error:
                raise invalid(error) from error
            return await self._change(author, poll, change, condition)

    async def copy(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/copy."""
        author = authenticate(request, self._organisers, Role.EDITOR).name
        with self._changes.one_more(request, "copy"):
            form = await read_form(request, CopyForm)
            target = check_poll_id(form.as_id, "as")
            self._usable()
            definition = msgspec.structs.replace(
                self._poll(poll).definition,
                rehearsal=False,
                opens_at_ms=_time("opens_at", form.opens_at),
                closes_at_ms=_time("closes_at", form.closes_at),
                answer_within_ms=self._answer_within_ms,
            )
            if target in self._known.book.polls:
                raise ProblemError(HTTPStatus.CONFLICT, "there is such a poll", field="as")
            return await self._change(author, target, Define(definition), Condition(0))

    def _may_read(self, request: Request) -> None:
        authenticate(request, self._organisers, None)
        self._usable()

    def _usable(self) -> None:
        try:
            self._writer.check_usable()
        except LogUnavailableError as error:
            raise _unavailable(error) from error

    def _poll(self, poll: str) -> Poll:
        found = self._known.book.polls.get(check_poll_id(poll))
        if found is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such poll")
        return found

    def _definition(self, form: DefinitionForm) -> PollDefinition:
        try:
            return definition_of(form, self._answer_within_ms)
        except InvalidFormError as error:
            raise invalid(error) from error

    async def _change(
        self, author: str, poll: str, change: Change, condition: Condition
    ) -> HTTPResponse:
        """Write a change and answer with the poll as it is then."""
        self._usable()
        if not isinstance(change, Define):
            self._poll(poll)
        if condition.exists and poll not in self._known.book.polls:
            raise ProblemError(HTTPStatus.PRECONDITION_FAILED, "there is no such poll")
        existed = poll in self._known.book.polls
        try:
            recorded = await self._writer.write(author, poll, change, condition.expected)
        except LogUnavailableError as error:
            raise _unavailable(error) from error
        except UnknownFateError as error:
            raise ProblemError(
                HTTPStatus.GATEWAY_TIMEOUT,
                f"{error}: it may still take effect; look at the poll before you try again",
            ) from error
        except ConditionFailedError as error:
            raise ProblemError(HTTPStatus.PRECONDITION_FAILED, str(error)) from error
        except RefusedChangeError as error:
            raise ProblemError(HTTPStatus.CONFLICT, str(error)) from error
        if recorded.refusal is not None:
            raise ProblemError(HTTPStatus.CONFLICT, recorded.refusal)
        status = HTTPStatus.OK if existed else HTTPStatus.CREATED
        found = self._known.book.polls[poll]
        answer = changed_answer(recorded, found, self._clock())
        return _answer(answer, status, event=found.event)


def _answer(
    body: msgspec.Struct, status: HTTPStatus = HTTPStatus.OK, event: int | None = None
) -> HTTPResponse:
    tag = {} if event is None else {"etag": f'"{event}"'}
    return HTTPResponse(msgspec.json.encode(body), status, headers=tag, content_type=JSON_TYPE)


def _required(request: Request) -> Condition:
    condition = read_condition(request)
    if condition is None:
        raise _condition_missing()
    return condition


def _condition_missing() -> ProblemError:
    return ProblemError(
        HTTPStatus.PRECONDITION_REQUIRED,
        "send the number of the poll's last event as If-Match, or * for any",
    )


def _time(field: str, text: str | None) -> int | None:
    try:
        return read_time(field, text)
    except InvalidFormError as error:
        raise invalid(error) from error


def _unavailable(error: LogUnavailableError) -> ProblemError:
    again = {"retry-after": "1"}
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=again)
