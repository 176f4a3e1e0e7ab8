"""Reads and answers requests to `POST /votes`, independent of any web framework.

Both routes use it, on the lean path and in Sanic's handler.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from voting.casting.ballot_memory import VotedBeforeError
from voting.casting.sink import UNKNOWN, OnResult, UnavailableError, VoteSink, cast_vote
from voting.domain.times import to_rfc3339, to_rfc3339_or_none
from voting.domain.vote import InvalidVoteError, Route, Vote, clean_new_id
from voting.http.problem import JSON_TYPE, HttpAnswer, ProblemError
from voting.polls.known_polls import (
    KnownPolls,
    NoVoterKeyError,
    PollRefusedError,
    RefusalKind,
    StalePollsError,
)
from voting.polls.poll import Poll
from voting.route.vote_form import VoteForm, decode_vote, find_fault
from voting.service.clock_watch import now_ms
from voting.voters.ballots import VoterProblem

BODY_MAX: Final = 4096
KEY_HEADER: Final = "idempotency-key"

# Statuses of the problems whose kind has one of its own.
_STATUSES: Final[dict[str, HTTPStatus]] = {
    RefusalKind.NO_SUCH_POLL: HTTPStatus.NOT_FOUND,
    RefusalKind.NOT_OPEN: HTTPStatus.CONFLICT,
    RefusalKind.CLOSED: HTTPStatus.CONFLICT,
    VoterProblem.MISSING: HTTPStatus.UNAUTHORIZED,
    VoterProblem.INVALID: HTTPStatus.UNAUTHORIZED,
    VoterProblem.OTHER_POLLS: HTTPStatus.FORBIDDEN,
    VoterProblem.REVOKED: HTTPStatus.FORBIDDEN,
    VoterProblem.VOTED_BEFORE: HTTPStatus.CONFLICT,
}
# RFC 9110, section 11.6.1: the token is a field of the body, so there is no scheme to name.
_CHALLENGE: Final = {"www-authenticate": "VoterToken"}


def check_media_type(content_type: str | None) -> None:
    """Raise `ProblemError` unless a request's `Content-Type` header is JSON's."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type != JSON_TYPE:
        raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content-type must be {JSON_TYPE}")


def check_content_coding(content_encoding: str | None) -> None:
    """Raise `ProblemError` if a request's `Content-Encoding` header announces an encoded body.

    The answer names the acceptable codings, none, as RFC 9110 (section 12.5.3) requires.
    """
    if (content_encoding or "identity").strip().lower() != "identity":
        raise ProblemError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "the body must not be compressed",
            headers={"accept-encoding": "identity"},
        )


def read_json_vote(
    body: bytes, key: str | None, route: Route, new_id: Callable[[], str], polls: KnownPolls
) -> Vote:
    """Return the vote in a request's body.

    `key` is the `Idempotency-Key` header; without it and without an id in the body, `new_id`
    makes one. Raises `ProblemError` if the body is not a valid vote, or is for a poll that takes
    no votes now.
    """
    if len(body) > BODY_MAX:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body exceeds {BODY_MAX} bytes"
        )
    try:
        form = decode_vote(body)
        own_id = _read_id(form.id, key)
        if isinstance(form, VoteForm):
            return form.vote(own_id or new_id(), route)
        return form.vote(own_id, new_id, route, polls)
    except (StalePollsError, NoVoterKeyError) as error:
        raise _stale_problem() from error
    except msgspec.ValidationError as error:
        raise _fault_of(body) from error
    except InvalidVoteError as error:
        raise invalid_vote_problem(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _not_json(error) from error


async def answer_vote(
    vote: Vote,
    traceparent: str | None,
    sink: VoteSink,
    polls: KnownPolls,
    on_unanswered: OnResult | None = None,
) -> HttpAnswer:
    """Cast the vote, wait until Kafka acknowledges it, and return the answer.

    Raises `ProblemError` with status 503 and the vote's id if the vote cannot be accepted now. If
    the wait is cancelled, `on_unanswered` is called later with the vote's result.
    """
    try:
        await cast_vote(sink, vote, traceparent, on_unanswered)
        check_in_time(vote, polls)
    except (UnavailableError, InvalidVoteError) as error:
        raise refusal_problem(vote, error, polls) from error
    return accepted_answer(vote)


def check_in_time(vote: Vote, polls: KnownPolls) -> None:
    """Raise `UnavailableError` when a vote that Kafka has comes too late to be accepted.

    Only votes in polls can: once their poll has closed, there is a last moment for a `202`, and
    each vote is accepted in less time than there is between the two.
    """
    if vote.poll and not polls.may_still_accept(vote.poll, vote.cast_at_ms, now_ms()):
        raise UnavailableError(UNKNOWN)


def accepted_answer(vote: Vote) -> HttpAnswer:
    """Return the answer for a vote that Kafka has acknowledged."""
    return HttpAnswer(HTTPStatus.ACCEPTED, accepted_body(vote.id))


class Accepted(msgspec.Struct, frozen=True):
    """The answer for an accepted vote, as `accepted_body` writes it."""

    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]


def accepted_body(vote_id: str) -> bytes:
    """Return the body of the answer for an accepted vote; its length is the same for all ids."""
    # Nothing to escape: a canonical UUID has hexadecimal digits and hyphens only.
    return b'{"id":"%b"}' % vote_id.encode()


def invalid_vote_problem(error: InvalidVoteError) -> ProblemError:
    """Return the problem for a vote that breaks a rule."""
    poll = error.poll if isinstance(error, PollRefusedError) else None
    status = _STATUSES.get(error.kind, HTTPStatus.UNPROCESSABLE_ENTITY)
    return ProblemError(
        status,
        str(error),
        headers=_CHALLENGE if status is HTTPStatus.UNAUTHORIZED else None,
        field=error.field,
        kind=error.kind or None,
        opens_at=_opens_at(poll) if error.kind == RefusalKind.NOT_OPEN else None,
        closes_at=_closes_at(poll) if error.kind == RefusalKind.CLOSED else None,
        voted_at=to_rfc3339(error.at_ms) if isinstance(error, VotedBeforeError) else None,
    )


def _opens_at(poll: Poll | None) -> str | None:
    return None if poll is None else to_rfc3339_or_none(poll.opens_at_ms)


def _closes_at(poll: Poll | None) -> str | None:
    return None if poll is None else to_rfc3339_or_none(poll.closes_at_ms)


def _stale_problem() -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "votes in polls cannot be accepted right now; retry",
        headers={"retry-after": "1"},
    )


def refusal_problem(
    vote: Vote, error: UnavailableError | InvalidVoteError, polls: KnownPolls
) -> ProblemError:
    """Return the problem for a vote that the sink refused."""
    if isinstance(error, InvalidVoteError):  # too many albums, or a server of another version
        return invalid_vote_problem(error)
    has_voter = bool(vote.poll) and polls.has_voters(vote.poll)
    same = "voter's token" if has_voter else "id"
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{error}; retry with the same {same}, the vote counts only once",
        vote_id=None if has_voter else vote.id,
        headers={"retry-after": str(error.retry_after)},
    )


def _read_id(from_body: str | None, from_header: str | None) -> str | None:
    """Return the client's id from either place, or None; if both have one, they must agree."""
    in_body = None if from_body is None else clean_new_id(from_body)
    if from_header is None:
        return in_body
    # The header is a structured string (quoted) in the IETF's draft, bare in older clients.
    in_header = clean_new_id(from_header.strip().removeprefix('"').removesuffix('"'))
    if in_body not in {None, in_header}:
        raise InvalidVoteError("id", f"does not match the {KEY_HEADER} header")
    return in_header


def _fault_of(body: bytes) -> ProblemError:
    """Return the problem of a body that is not a vote."""
    try:
        fault = find_fault(body)
    except msgspec.ValidationError:
        return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "the body must be a JSON object")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _not_json(error)
    if fault is None:
        return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "each field must appear only once")
    return invalid_vote_problem(fault)


def _not_json(error: msgspec.DecodeError | UnicodeDecodeError) -> ProblemError:
    return ProblemError(HTTPStatus.BAD_REQUEST, f"the body is not valid JSON: {error}")
