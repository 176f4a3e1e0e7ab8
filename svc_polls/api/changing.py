"""Makes the changes that organisers ask for, and answers with what became of each."""

from collections.abc import Callable
from http import HTTPStatus

import msgspec
from sanic import HTTPResponse, Request

from svc_polls.api.answers import changed_answer
from svc_polls.api.forms import InvalidFormError, read_time
from svc_polls.api.requests import Condition, check_poll_id, invalid, read_condition
from svc_polls.log.writer import (
    ConditionFailedError,
    LogUnavailableError,
    PollLogWriter,
    UnknownFateError,
)
from voting.http.problem import JSON_TYPE, ProblemError
from voting.polls.event import Change, Define
from voting.polls.known_polls import KnownPolls
from voting.polls.poll import Poll, RefusedChangeError


class ChangeDesk:
    """The polls as they are known, and changes to them."""

    def __init__(self, known: KnownPolls, writer: PollLogWriter, clock: Callable[[], int]) -> None:
        """`clock` is Unix time in milliseconds."""
        self._known = known
        self._writer = writer
        self._clock = clock

    def check_usable(self) -> None:
        """Raise `ProblemError` unless the newest event of the log is known."""
        try:
            self._writer.check_usable()
        except LogUnavailableError as error:
            raise _unavailable(error) from error

    def poll(self, poll: str) -> Poll:
        """Return a poll, or raise `ProblemError`."""
        found = self._known.book.polls.get(check_poll_id(poll))
        if found is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such poll")
        return found

    async def change(
        self, author: str, poll: str, change: Change, condition: Condition
    ) -> HTTPResponse:
        """Write a change and answer with the poll as it is then; raises `ProblemError`."""
        self.check_usable()
        if not isinstance(change, Define):
            self.poll(poll)
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
        body = changed_answer(recorded, found, self._clock())
        return answer(body, status, event=found.event)


def answer(
    body: msgspec.Struct, status: HTTPStatus = HTTPStatus.OK, event: int | None = None
) -> HTTPResponse:
    """Return an answer, with the number of the poll's last event as its tag."""
    tag = {} if event is None else {"etag": f'"{event}"'}
    return HTTPResponse(msgspec.json.encode(body), status, headers=tag, content_type=JSON_TYPE)


def required_condition(request: Request) -> Condition:
    """Return the condition of a request, or raise `ProblemError`."""
    condition = read_condition(request)
    if condition is None:
        raise condition_missing()
    return condition


def condition_missing() -> ProblemError:
    """Return the problem of a change that does not say which state was seen."""
    return ProblemError(
        HTTPStatus.PRECONDITION_REQUIRED,
        "send the number of the poll's last event as If-Match, or * for any",
    )


def time_in(field: str, text: str | None) -> int | None:
    """Return a time of a form in milliseconds, or raise `ProblemError`."""
    try:
        return read_time(field, text)
    except InvalidFormError as error:
        raise invalid(error) from error


def _unavailable(error: LogUnavailableError) -> ProblemError:
    again = {"retry-after": "1"}
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=again)
