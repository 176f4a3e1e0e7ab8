"""Error answers of the HTTP interfaces: RFC 9457 problem details."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from voting.domain.vote import TOO_MANY_ALBUMS
from voting.polls.known_polls import NO_SUCH_ENTRY, RESULT_NOT_SHOWN, RefusalKind
from voting.voters.ballots import VoterProblem
from voting.voters.issuing import IssuingProblem

PROBLEM_TYPE: Final = "application/problem+json"
JSON_TYPE: Final = "application/json"


# All problems of one type share a title.
_TITLES: Final = {
    TOO_MANY_ALBUMS: "Too many albums",
    NO_SUCH_ENTRY: "No such entry",
    RefusalKind.NO_SUCH_POLL: "No such poll",
    RefusalKind.NOT_OPEN: "Poll not open yet",
    RefusalKind.CLOSED: "Poll closed",
    RESULT_NOT_SHOWN: "Result not shown",
    VoterProblem.MISSING: "No voter's token",
    VoterProblem.INVALID: "Invalid voter's token",
    VoterProblem.OTHER_POLLS: "Voter's token for other polls",
    VoterProblem.VOTED_BEFORE: "Voted before",
    IssuingProblem.WAY_NOT_OFFERED: "No tokens in this way",
    IssuingProblem.PROOF_INVALID: "No valid proof of work",
    IssuingProblem.CODE_INVALID: "Invalid code",
    IssuingProblem.IDENTITY_INVALID: "Invalid identity",
}
_TYPES: Final = (
    f"`{TOO_MANY_ALBUMS}`: votes may name only albums on the list. Votes in polls: "
    f"`{RefusalKind.NO_SUCH_POLL}`, `{RefusalKind.NOT_OPEN}`, `{RefusalKind.CLOSED}`, "
    f"`{NO_SUCH_ENTRY}`. Votes of voters: {', '.join(f'`{kind}`' for kind in VoterProblem)}. "
    f"Voters' tokens: {', '.join(f'`{kind}`' for kind in IssuingProblem)}."
)
_TIME: Final[dict[str, Any]] = {"format": "date-time"}


class HttpAnswer(msgspec.Struct, frozen=True):
    """An HTTP answer, independent of any web framework."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = {}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Problem details (RFC 9457)."""

    # Section 3. Without `type` it is `about:blank`, so `title` is the status code's phrase;
    # `detail` explains this occurrence. `field` and `id` are extension members.
    title: str
    status: int
    detail: str
    field: Annotated[str | None, Meta(description="The invalid field or parameter.")] = None
    id: Annotated[str | None, Meta(description="The id to use when retrying the vote.")] = None
    type: Annotated[
        Annotated[str, Meta(extra_json_schema={"format": "uri", "default": "about:blank"})] | None,
        Meta(description=_TYPES),
    ] = None
    opens_at: Annotated[
        Annotated[str, Meta(extra_json_schema=_TIME)] | None,
        Meta(description="When the poll opens, if that is known."),
    ] = None
    closes_at: Annotated[
        Annotated[str, Meta(extra_json_schema=_TIME)] | None,
        Meta(description="When the poll closed."),
    ] = None
    voted_at: Annotated[
        Annotated[str, Meta(extra_json_schema=_TIME)] | None,
        Meta(description="When the voter cast the vote that this route accepted."),
    ] = None


class ProblemError(Exception):
    """Ends a request with a problem as its answer."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        field: str | None = None,
        vote_id: str | None = None,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        opens_at: str | None = None,
        closes_at: str | None = None,
        voted_at: str | None = None,
    ) -> None:
        """`kind` is the problem's `type`; the times are those of a poll or vote, as RFC 3339."""
        super().__init__(detail)
        title = _TITLES.get(kind or "", status.phrase)
        self.problem = Problem(
            title, int(status), detail, field, vote_id, kind, opens_at, closes_at, voted_at
        )
        self.headers = dict(headers or {})

    def answer(self) -> HttpAnswer:
        """Return the problem as an answer."""
        body = msgspec.json.encode(self.problem)
        return HttpAnswer(self.problem.status, body, PROBLEM_TYPE, self.headers)
