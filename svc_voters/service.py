"""The service that gives voters their tokens: its app, and what it follows."""

import asyncio
from functools import partial
from typing import Any, Final

from sanic import Sanic

from svc_voters.api.app import NAME, voters_app
from svc_voters.api.limits import Limits
from svc_voters.api.tokens import TokensApi
from svc_voters.settings import VotersSettings
from svc_voters.ways.identity import Identities
from svc_voters.ways.key_set import KeySet, fetch_key_set, new_key_client
from voting.http.app import run_app
from voting.ledger.poll_log_reader import PollLogReader
from voting.polls.known_polls import KnownPolls
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.logs import configure_logging
from voting.service.settings import load_settings
from voting.tracing.tracing import configure_tracing
from voting.voters.keys import read_keys

_LOOK_SECONDS: Final = 0.25
_READY_LOOK_SECONDS: Final = 1.0


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings(VotersSettings, NAME)
    configure_logging(settings, "svc_voters")
    configure_tracing(settings, "svc_voters")
    run_app(voters_service(settings), settings.host, settings.port)


def voters_service(settings: VotersSettings) -> Sanic[Any, Any]:
    """Return the app, which follows the log of polls while it runs."""
    readiness = Readiness()
    known = KnownPolls()
    reader = PollLogReader(settings, known)
    client = new_key_client()
    keys = KeySet(partial(fetch_key_set, client, settings.identity_jwks_url))
    login = Identities(settings.identity_issuer, settings.identity_audience, keys)
    api = TokensApi(
        known,
        read_keys(settings.voter_keys),
        login if settings.identity_jwks_url else None,
        Limits(settings),
        proof_of_work=settings.proof_of_work,
        trusted=settings.trusted_networks,
        clock=now_ms,
    )
    app = voters_app(api, readiness)
    tasks: list[asyncio.Task[None]] = []

    @app.before_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        reader.start()
        tasks.append(run_for_good(_keep_readiness(known, readiness), "keeping readiness current"))

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await asyncio.gather(reader.stop(), keys.stop())
        await client.aclose()

    return app


async def _keep_readiness(known: KnownPolls, readiness: Readiness) -> None:
    """Ready means that the polls are known as they are now."""
    while True:
        if known.is_fresh(now_ms()):
            readiness.set_ready()
        else:
            readiness.set_not_ready("the newest event of the log of polls is not known")
        await asyncio.sleep(_READY_LOOK_SECONDS if readiness.ready else _LOOK_SECONDS)
