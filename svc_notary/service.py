"""The service that keeps the trees and gives receipts: its app, and what it follows."""

import asyncio
from pathlib import Path
from typing import Any

from sanic import Sanic

from svc_notary.api.app import NAME, notary_app
from svc_notary.ledger.reader import LedgerReader
from svc_notary.notary import Notary
from svc_notary.receipts.receipts import Receipts
from svc_notary.settings import NotarySettings
from svc_notary.trees.errors import FolderInUseError
from svc_notary.trees.files import lock_folder
from voting.http.app import run_app
from voting.ledger.poll_log_reader import PollLogReader
from voting.polls.known_polls import KnownPolls
from voting.service.clock_watch import now_ms
from voting.service.lifecycle import Readiness, run_for_good
from voting.service.logs import configure_logging
from voting.service.settings import load_settings
from voting.service.signing_key import signing_key_of
from voting.stores.vote_log_reader import VoteLogReader
from voting.tracing.tracing import configure_tracing


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings(NotarySettings, NAME)
    configure_logging(settings, "svc_notary")
    configure_tracing(settings, "svc_notary")
    try:
        lock = lock_folder(Path(settings.notary_dir))
    except FolderInUseError as error:
        raise SystemExit(f"{NAME}: {error}") from error
    with lock:
        run_app(notary_service(settings), settings.host, settings.port)


def notary_service(settings: NotarySettings) -> Sanic[Any, Any]:
    """Return the app, which follows the ledger and the log of polls while it runs."""
    readiness = Readiness()
    folder = Path(settings.notary_dir)
    known = KnownPolls()
    log_of_polls = PollLogReader(settings, known)
    vote_log = VoteLogReader(settings.mongodb_url, settings.mongodb_database)
    notary = Notary(
        LedgerReader(settings),
        folder,
        signing_key_of(settings.signing_key),
        readiness,
        settings.checkpoint_seconds,
    )
    app = notary_app(Receipts(vote_log, known, folder, now_ms), folder, readiness)
    tasks: list[asyncio.Task[None]] = []

    @app.before_server_start
    async def start(_: Sanic[Any, Any]) -> None:
        log_of_polls.start()
        tasks.append(run_for_good(notary.run(), "following the ledger"))

    @app.after_server_stop
    async def stop(_: Sanic[Any, Any]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await log_of_polls.stop()
        vote_log.close()

    return app
