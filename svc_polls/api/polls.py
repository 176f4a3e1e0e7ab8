"""Answers organisers' requests about polls."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from sanic import HTTPResponse, Request

from svc_polls.api.answers import history_page, poll_list, poll_state
from svc_polls.api.changing import (
    ChangeDesk,
    answer,
    condition_missing,
    required_condition,
    time_in,
)
from svc_polls.api.forms import (
    CloseForm,
    CopyForm,
    DefinitionForm,
    InvalidFormError,
    RevokeForm,
    definition_of,
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
from svc_polls.tokens import Organisers, Role
from voting.http.problem import ProblemError
from voting.polls.definition import PollDefinition
from voting.polls.event import Close, Define, Open, Release
from voting.polls.known_polls import KnownPolls


class PollsApi:
    """Answers requests from what is known of the log of polls, and writes changes to it."""

    def __init__(
        self,
        known: KnownPolls,
        history: PollHistory,
        desk: ChangeDesk,
        organisers: Organisers,
        changes: RunningChanges,
        answer_within_ms: int,
        clock: Callable[[], int],
    ) -> None:
        """`answer_within_ms` is that of new definitions; `clock` is Unix time in milliseconds."""
        self._known = known
        self._history = history
        self._desk = desk
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
        return answer(page)

    async def show(self, request: Request, poll: str) -> HTTPResponse:
        """GET /api/polls/<id>."""
        self._may_read(request)
        found = self._desk.poll(poll)
        return answer(poll_state(found, self._clock()), event=found.event)

    async def history(self, request: Request, poll: str) -> HTTPResponse:
        """GET /api/polls/<id>/history."""
        self._may_read(request)
        limit, after = read_limit(request), read_after_event(request)
        self._desk.poll(poll)
        return answer(history_page(self._history.of(poll, after, limit + 1), limit))

    async def define(self, request: Request, poll: str) -> HTTPResponse:
        """PUT /api/polls/<id>."""
        author = authenticate(request, self._organisers, Role.EDITOR).name
        with self._changes.one_more(request, "define"):
            check_poll_id(poll)
            condition = read_condition(request)
            form = await read_form(request, DefinitionForm)
            if condition is None:
                if poll in self._known.book.polls:
                    raise condition_missing()
                condition = Condition(0)
            change = Define(self._definition(form))
            return await self._desk.change(author, poll, change, condition)

    async def open(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/open."""
        author = authenticate(request, self._organisers, Role.OPERATOR).name
        with self._changes.one_more(request, "open"):
            leave_body(request)
            return await self._desk.change(author, poll, Open(), required_condition(request))

    async def close(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/close."""
        author = authenticate(request, self._organisers, Role.OPERATOR).name
        with self._changes.one_more(request, "close"):
            condition = required_condition(request)
            form = await read_form(request, CloseForm, optional=True)
            change = Close(time_in("closes_at", form.closes_at))
            return await self._desk.change(author, poll, change, condition)

    async def release(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/release."""
        author = authenticate(request, self._organisers, Role.RELEASER).name
        with self._changes.one_more(request, "release"):
            leave_body(request)
            return await self._desk.change(author, poll, Release(), required_condition(request))

    async def revoke(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/revoke."""
        author = authenticate(request, self._organisers, Role.OPERATOR).name
        with self._changes.one_more(request, "revoke"):
            condition = required_condition(request)
            form = await read_form(request, RevokeForm)
            self._desk.check_usable()
            try:
                change = revoke_of(form, self._desk.poll(poll).definition)
            except InvalidFormError as error:
                raise invalid(error) from error
            return await self._desk.change(author, poll, change, condition)

    async def copy(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/copy."""
        author = authenticate(request, self._organisers, Role.EDITOR).name
        with self._changes.one_more(request, "copy"):
            form = await read_form(request, CopyForm)
            target = check_poll_id(form.as_id, "as")
            self._desk.check_usable()
            definition = msgspec.structs.replace(
                self._desk.poll(poll).definition,
                rehearsal=False,
                opens_at_ms=time_in("opens_at", form.opens_at),
                closes_at_ms=time_in("closes_at", form.closes_at),
                answer_within_ms=self._answer_within_ms,
            )
            if target in self._known.book.polls:
                raise ProblemError(HTTPStatus.CONFLICT, "there is such a poll", field="as")
            return await self._desk.change(author, target, Define(definition), Condition(0))

    def _may_read(self, request: Request) -> None:
        authenticate(request, self._organisers, None)
        self._desk.check_usable()

    def _definition(self, form: DefinitionForm) -> PollDefinition:
        try:
            return definition_of(form, self._answer_within_ms)
        except InvalidFormError as error:
            raise invalid(error) from error
