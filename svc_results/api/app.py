"""The endpoints of the results service."""

import asyncio
from collections.abc import Awaitable, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

from svc_results.api.album_pages import album_page
from svc_results.api.answers import html_answer, json_answer, unavailable
from svc_results.api.events import stream_events
from svc_results.api.openapi import results_document
from svc_results.api.poll_routes import add_polls
from svc_results.api.query import (
    read_after,
    read_id,
    read_language,
    read_limit,
    read_position,
    read_voted,
)
from svc_results.api.security import SECURITY_HEADERS
from svc_results.feed.feed import Feed
from svc_results.feed.source import TIMEOUT_SECONDS
from svc_results.feed.watchers import Watchers
from svc_results.page.page import STATIC_FOLDER, render_page
from svc_results.polls.audience import Audience
from svc_results.result.newest_votes import VotePage, one_vote, vote_page
from svc_results.result.snapshot import LOG_AWAY, NEWEST_VOTES, TALLY_AWAY
from voting.http.app import add_operations, close_if_stopping, new_app
from voting.http.problem import ProblemError
from voting.pages.static_files import StaticFiles
from voting.service.lifecycle import Readiness
from voting.stores.errors import StoreUnavailableError
from voting.stores.logged_vote import Cursor, LoggedVote

NAME: Final = "svc_results"
# How many pages of the vote log are read concurrently.
CONCURRENT_READS: Final = 4


class Votes(Protocol):
    """The vote log."""

    async def find(self, ids: Sequence[str]) -> dict[str, LoggedVote]:
        """Return the votes with these ids that the log has, by id."""

    async def newest(self, limit: int, after: Cursor | None = None) -> list[LoggedVote]:
        """Return at most `limit` votes, newest first; with `after`, those that follow it."""


def results_app(
    feed: Feed,
    vote_log: Votes,
    polls: Audience,
    readiness: Readiness,
    watchers: Watchers,
) -> Sanic[Any, Any]:
    """Return the app that shows what `feed`, `vote_log` and `polls` hold."""
    app = new_app(NAME)
    add_operations(app, readiness, results_document())
    files = StaticFiles(STATIC_FOLDER)
    pages = _Pages(vote_log)

    @app.get("/")
    async def page(request: Request) -> HTTPResponse:
        after = read_after(request)
        older = None if after is None else await pages.read(NEWEST_VOTES, after)
        language = read_language(request)
        voted = read_voted(request)
        html = render_page(language, feed.snapshot, older, files.root, voted, polls.polls_on())
        return html_answer(request, html, language)

    @app.get("/static/<version:str>/<name:str>")
    async def static(request: Request, version: str, name: str) -> HTTPResponse:
        return files.answer(request, version, name)

    @app.get("/api/results")
    async def results(_: Request) -> HTTPResponse:
        if feed.snapshot.at is None:
            raise unavailable(TALLY_AWAY)
        return json_answer(feed.snapshot)

    @app.get("/api/albums")
    async def albums(request: Request) -> HTTPResponse:
        limit, after = read_limit(request), read_position(request)
        if feed.ranking is None:
            raise unavailable(TALLY_AWAY)
        return json_answer(album_page(feed.ranking, limit, after))

    @app.get("/api/votes")
    async def votes(request: Request) -> HTTPResponse:
        return json_answer(await pages.read(read_limit(request), read_after(request)))

    @app.get("/api/votes/<vote_id:str>")
    async def vote(_: Request, vote_id: str) -> HTTPResponse:
        logged = await pages.find(read_id(vote_id))
        known = polls.polls
        voter_class, counts = known.class_name(logged.vote), known.counts(logged)
        return json_answer(one_vote(logged.vote, voter_class=voter_class, counts=counts))

    @app.get("/api/events")
    async def events(request: Request) -> None:
        await stream_events(request, feed.watch, watchers)

    add_polls(app, polls, watchers, files)

    async def finish(request: Request, response: BaseHTTPResponse) -> None:
        close_if_stopping(request)
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)

    app.register_middleware(finish, "response")

    @app.before_server_stop
    async def drain(_: Sanic[Any, Any]) -> None:
        readiness.drain()
        feed.close()
        polls.feeds.close()
        watchers.close()

    return app


class _Pages:
    """Pages and single votes of the vote log for all visitors.

    Only a few are read at a time, which leaves MongoDB capacity for the consumer.
    """

    def __init__(self, vote_log: Votes) -> None:
        self._vote_log = vote_log
        self._turn = asyncio.Semaphore(CONCURRENT_READS)

    async def read(self, limit: int, after: Cursor | None) -> VotePage:
        """Return a page; raise `ProblemError` if that takes too long."""
        return vote_page(await self._read(self._vote_log.newest(limit, after)), limit)

    async def find(self, vote_id: str) -> LoggedVote:
        """Return a vote; raise `ProblemError` if that takes too long, or it is not in the log."""
        found = await self._read(self._vote_log.find([vote_id]))
        if vote_id not in found:
            raise ProblemError(HTTPStatus.NOT_FOUND, "no such vote has been counted yet")
        return found[vote_id]

    async def _read[T](self, reading: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._turn:
                return await reading
        except (StoreUnavailableError, TimeoutError) as error:
            raise unavailable(LOG_AWAY) from error
