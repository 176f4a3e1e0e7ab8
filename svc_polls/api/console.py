"""What only the console asks for: who the organiser is, and what state the system is in."""

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta
from sanic import HTTPResponse, Request

from svc_polls.api.requests import authenticate
from svc_polls.tokens import Organisers, Role
from svc_polls.watch.services import WatchedService
from svc_polls.watch.vote_flow import VoteFlow
from svc_polls.watch.watched import Watched
from voting.domain.times import to_rfc3339
from voting.http.problem import JSON_TYPE
from voting.polls.known_polls import KnownPolls


class Me(msgspec.Struct, frozen=True):
    """Whose token it is."""

    name: str
    roles: list[Role]


class PollLogState(msgspec.Struct, frozen=True, kw_only=True):
    """The log of polls, as this instance has it."""

    event: Annotated[int, Meta(description="Number of the last event.")]
    proof_age_ms: Annotated[
        int | None,
        Meta(description="How long ago that was known to be the newest one; null if never."),
    ]
    fresh: Annotated[bool, Meta(description="Whether changes can be made.")]
    halted: Annotated[str | None, Meta(description="Why the log cannot be trusted, if so.")]


class SystemState(msgspec.Struct, frozen=True):
    """How the system is; null where nothing was read yet."""

    now: Annotated[str, Meta(description="The service's clock.")]
    log: PollLogState
    votes: Annotated[VoteFlow | None, Meta(description="Of all polls together.")]
    services: list[WatchedService] | None
    watches_services: Annotated[
        bool, Meta(description="Whether there are WATCHED_SERVICES at all.")
    ]


class ConsoleApi:
    """Answers what the console asks beside the polls, also while nothing is known of these."""

    def __init__(
        self,
        known: KnownPolls,
        halted: Callable[[], str | None],
        organisers: Organisers,
        votes: Watched[VoteFlow],
        services: Watched[list[WatchedService]] | None,
        clock: Callable[[], int],
    ) -> None:
        """`services` is None when no services are watched; `clock` is Unix time in ms."""
        self._known = known
        self._halted = halted
        self._organisers = organisers
        self._votes = votes
        self._services = services
        self._clock = clock

    async def me(self, request: Request) -> HTTPResponse:
        """GET /api/me."""
        organiser = authenticate(request, self._organisers, None)
        return _json(Me(organiser.name, sorted(organiser.roles)))

    async def system(self, request: Request) -> HTTPResponse:
        """GET /api/system."""
        authenticate(request, self._organisers, None)
        now_ms, halted = self._clock(), self._halted()
        age_ms = self._known.age_ms(now_ms)
        log = PollLogState(
            event=self._known.book.number,
            proof_age_ms=age_ms if age_ms < now_ms else None,
            fresh=halted is None and self._known.is_fresh(now_ms),
            halted=halted,
        )
        services = self._services
        state = SystemState(
            to_rfc3339(now_ms),
            log,
            self._votes.newest(),
            None if services is None else services.newest(),
            services is not None,
        )
        return _json(state)

    async def stop(self) -> None:
        """Read nothing more."""
        await self._votes.stop()
        if self._services is not None:
            await self._services.stop()


def _json(body: msgspec.Struct) -> HTTPResponse:
    return HTTPResponse(msgspec.json.encode(body), content_type=JSON_TYPE)
