"""A service ends on a signal at any moment of its life, the first one included."""

import os
import signal
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import pytest

from harness.processes.ports import free_port
from voting.http.app import add_operations, new_app, run_app
from voting.service.lifecycle import Readiness

if TYPE_CHECKING:
    from sanic import Sanic


def stopped_at(event: str, port: int) -> None:
    """Run a service that gets SIGTERM at an event of its start."""
    app = new_app("trial")
    add_operations(app, Readiness())

    @app.listener(event)
    async def stop(_: Sanic[Any, Any]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    run_app(app, "127.0.0.1", port)


@pytest.mark.parametrize("event", ["before_server_start", "after_server_start"])
def test_a_signal_while_the_service_starts_ends_it(event: str) -> None:
    process = get_context("spawn").Process(target=stopped_at, args=(event, free_port()))
    process.start()
    process.join(20)
    try:
        assert process.exitcode == 0
    finally:
        process.kill()
