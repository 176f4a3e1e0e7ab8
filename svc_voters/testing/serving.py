"""The app of svc_voters on a free port in the test's event loop, with polls in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from sanic import Sanic

from svc_voters.api.app import voters_app
from svc_voters.api.limits import Limits
from svc_voters.api.tokens import TokensApi
from svc_voters.settings import VotersSettings
from svc_voters.testing.login import AUDIENCE, ISSUER
from svc_voters.ways.identity import Identities
from svc_voters.ways.key_set import KeySet
from voting.http.client_address import read_networks
from voting.http.connection import Connection
from voting.http.listening import listen
from voting.polls.event import Close, Open, Revoke
from voting.polls.known_polls import KnownPolls
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness
from voting.testing.polls import CLASSES, KEYS, OPENS_LATER_MS, POLL, REVOKED_BATCH, SCOPE, PollLog
from voting.voters.rules import VoterRules, Way

OPEN: Final = "open-to-all"
CODES: Final = "with-codes"
IDENTITY: Final = "with-login"
LATER: Final = "opens-later"
CLOSED: Final = "over"
ALONE: Final = "other-scope"
NO_JURY_ANY_MORE: Final = "no-jury-any-more"
WITHOUT_KEY: Final = "without-key"
HANDED_OUT: Final = "handed-out"

RULES: Final = VoterRules(scope=SCOPE, key=1, classes=CLASSES)
WAYS: Final = {
    OPEN: (Way.OPEN,),
    CODES: (Way.CODES,),
    IDENTITY: (Way.IDENTITY,),
    LATER: tuple(Way),
    CLOSED: tuple(Way),
    NO_JURY_ANY_MORE: tuple(Way),
    HANDED_OUT: (),
}


def poll_log() -> PollLog:
    """Return a log of polls: one for each way, and others that give out nothing."""
    log = PollLog()
    log.define(1)
    for poll, ways in WAYS.items():
        rules = VoterRules(scope=SCOPE, key=1, classes=CLASSES, ways=ways)
        opens_at_ms = OPENS_LATER_MS if poll == LATER else None
        log.define(2, poll=poll, voters=rules, opens_at_ms=opens_at_ms)
    log.define(2, poll=ALONE, voters=VoterRules(scope="alone", key=1, ways=(Way.OPEN,)))
    log.define(2, poll=WITHOUT_KEY, voters=VoterRules(scope=SCOPE, key=9, ways=tuple(Way)))
    log.append(Revoke(batch=REVOKED_BATCH), 3, CODES)
    log.append(Revoke(voter_class=1), 3, NO_JURY_ANY_MORE)
    log.append(Open(), 4, POLL)
    log.append(Open(), 4, CLOSED)
    log.append(Close(None), 5, CLOSED)
    return log


class Served:
    """The app, its clients' connection, and the polls that it knows."""

    def __init__(self, known: KnownPolls, client: httpx.AsyncClient) -> None:
        self.known = known
        self.client = client

    async def ask(self, poll: str, body: Any, **headers: str) -> httpx.Response:
        """Ask for a token; the client keeps its cookies."""
        return await self.client.post(f"/voters/{poll}", json=body, headers=headers)


@asynccontextmanager
async def serve_voters(
    key_set: bytes | None = None, *, proof_of_work: int = 0, **settings: Any
) -> AsyncIterator[Served]:
    """Serve while the context lasts, at one moment; with a `key_set` there is a login."""
    known, now = KnownPolls(), now_ms()
    known.book = poll_log().book
    known.prove(now)

    async def fetch() -> bytes:
        return key_set or b""

    given = VotersSettings(**settings)
    api = TokensApi(
        known,
        KEYS,
        None if key_set is None else Identities(ISSUER, AUDIENCE, KeySet(fetch)),
        Limits(given),
        proof_of_work=proof_of_work,
        trusted=read_networks(given.trusted_proxies),
        clock=lambda: now,
    )
    app = voters_app(api, Readiness())
    Sanic.unregister_app(app)  # there may be several at a time
    app.config.TOUCHUP = False  # Sanic can rewrite its own code for speed only once in a process
    sock = listen("test", "127.0.0.1", 0)
    server = await app.create_server(
        sock=sock, protocol=Connection, return_asyncio_server=True, access_log=False
    )
    if server is None:
        raise RuntimeError("Sanic made no server")
    await server.startup()
    await server.start_serving()
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        try:
            yield Served(known, client)
        finally:
            server.close()
