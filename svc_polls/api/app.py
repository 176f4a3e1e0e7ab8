"""The endpoints of the organisers' API."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import msgspec
from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from svc_polls.api.answers import changed_answer, history_page, poll_list, poll_state
from svc_polls.api.console import ConsoleApi
from svc_polls.api.forms import (
    CloseForm,
    CopyForm,
    DefinitionForm,
    InvalidFormError,
    definition_of,
    read_time,
)
from svc_polls.api.openapi import polls_document
from svc_polls.api.requests import (
    BODY_MAX,
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
from svc_polls.log.history import PollHistory
from svc_polls.log.metrics import CHANGES
from svc_polls.log.writer import (
    ConditionFailedError,
    LogUnavailableError,
    PollLogWriter,
    UnknownFateError,
)
from svc_polls.page.console_page import STATIC_FOLDER, render_console
from svc_polls.tokens import Organisers, Role
from voting.http.app import add_operations, close_if_stopping, new_app
from voting.http.problem import JSON_TYPE, ProblemError
from voting.pages.browser_headers import page_headers
from voting.pages.languages import LANGUAGES, Language, choose_language
from voting.pages.static_files import StaticFiles
from voting.polls.book import Poll, RefusedChangeError
from voting.polls.definition import PollDefinition
from voting.polls.event import Change, Close, Define, Open, Release
from voting.polls.known_polls import KnownPolls
from voting.service.lifecycle import Readiness

NAME: Final = "svc_polls"
CONNECTIONS_MAX: Final = 200
# Changes under way of each kind, most of which wait for their turn or for their body, which is in
# memory. So long definitions keep nobody from closing a poll.
CHANGES_MAX: Final = 8
_EDITING: Final = ("define", "copy")

_HEADERS: Final = page_headers("form-action 'none'", "trusted-types 'none'")


class PollsApi:
    """Answers requests from what is known of the log of polls, and writes changes to it."""

    def __init__(
        self,
        known: KnownPolls,
        history: PollHistory,
        writer: PollLogWriter,
        organisers: Organisers,
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
        self._changes = Counter[bool]()

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
        with self._changing(request, "define"):
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
        with self._changing(request, "open"):
            leave_body(request)
            return await self._change(author, poll, Open(), _required(request))

    async def close(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/close."""
        author = authenticate(request, self._organisers, Role.OPERATOR).name
        with self._changing(request, "close"):
            condition = _required(request)
            form = await read_form(request, CloseForm, optional=True)
            change = Close(_time("closes_at", form.closes_at))
            return await self._change(author, poll, change, condition)

    async def release(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/release."""
        author = authenticate(request, self._organisers, Role.RELEASER).name
        with self._changing(request, "release"):
            leave_body(request)
            return await self._change(author, poll, Release(), _required(request))

    async def copy(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/copy."""
        author = authenticate(request, self._organisers, Role.EDITOR).name
        with self._changing(request, "copy"):
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

    @contextmanager
    def _changing(self, request: Request, change: str) -> Iterator[None]:
        """Count a change and its status; refuse it when too many are under way."""
        kind = change in _EDITING
        if self._changes[kind] >= CHANGES_MAX:
            leave_body(request)
            CHANGES.labels(change, HTTPStatus.SERVICE_UNAVAILABLE.value).inc()
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many changes at the same time",
                headers={"retry-after": "1"},
            )
        self._changes[kind] += 1
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        try:
            yield
            status = HTTPStatus.OK.value
        except ProblemError as error:
            status = error.problem.status
            raise
        finally:
            self._changes[kind] -= 1
            CHANGES.labels(change, status).inc()


def polls_app(api: PollsApi, console: ConsoleApi, readiness: Readiness) -> Sanic[Any, Any]:
    """Return the app that serves the API and the console."""
    app = new_app(NAME)
    app.config.REQUEST_MAX_SIZE = BODY_MAX
    app.ctx.connection_limit.limit = CONNECTIONS_MAX
    add_operations(app, readiness, polls_document())
    files = StaticFiles(STATIC_FOLDER)

    @app.get("/")
    async def page(request: Request) -> HTTPResponse:
        language = _language(request)
        headers = {"content-language": language, "vary": "accept-language"}
        body = render_console(language, files.root)
        return HTTPResponse(body, headers=headers, content_type="text/html; charset=utf-8")

    @app.get("/static/<version:str>/<name:str>")
    async def static(request: Request, version: str, name: str) -> HTTPResponse:
        return files.answer(request, version, name)

    app.add_route(console.me, "/api/me", methods=["GET"])
    app.add_route(console.system, "/api/system", methods=["GET"])
    app.add_route(api.list, "/api/polls", methods=["GET"])
    app.add_route(api.show, "/api/polls/<poll:str>", methods=["GET"])
    app.add_route(api.history, "/api/polls/<poll:str>/history", methods=["GET"])
    for path, method, handler in (
        ("", "PUT", api.define),
        ("/open", "POST", api.open),
        ("/close", "POST", api.close),
        ("/release", "POST", api.release),
        ("/copy", "POST", api.copy),
    ):
        # `stream`: the handlers read the body themselves, after they know who sends it. Sanic
        # marks a handler that does, which it cannot with a method.
        app.add_route(
            partial(handler),
            f"/api/polls/<poll:str>{path}",
            methods=[method],
            name=handler.__name__,
            stream=True,
        )

    async def finish(request: Request, response: BaseHTTPResponse) -> None:
        close_if_stopping(request)
        response.headers.setdefault("cache-control", "no-store")
        response.headers.update(_HEADERS)

    app.register_middleware(finish, "response")

    @app.before_server_stop
    async def drain(_: Sanic[Any, Any]) -> None:
        readiness.drain()

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        await console.stop()

    return app


def _language(request: Request) -> Language:
    """Return the language in the parameter `lang`, else the browser's preferred one."""
    asked = request.args.get("lang")
    for language in LANGUAGES:
        if asked == language:
            return language
    return choose_language(request.headers.get("accept-language"))


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
