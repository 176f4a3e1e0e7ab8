"""Runs the consumer: `python -m svc_consumer`; `--help` lists its settings and its tools."""

import asyncio
import logging
import os
import sys

from svc_consumer.repair.command import TOOLS, run_tool
from svc_consumer.service import serve
from svc_consumer.settings import ConsumerSettings
from voting.service.settings import load_settings
from voting.service.telemetry import configure_logging
from voting.stores.tally_store import TallyStore
from voting.stores.vote_log import VoteLog


def main() -> None:
    """Count until told to stop; with the name of a tool, run that instead."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in TOOLS:
        sys.exit(run_tool(arguments[0], arguments[1:]))
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(f"svc_consumer {' and '.join(TOOLS)} have a --help of their own.\n\n")
    settings = load_settings(ConsumerSettings, "svc_consumer")
    configure_logging(settings.log_level)
    # Not uvloop: it raises RuntimeError for a write to a connection that was reset, which ends
    # aiokafka's background tasks for good.
    asyncio.run(_serve(settings))
    logging.shutdown()
    # At once: Python would wait for those threads of Motor that a store that hangs still holds.
    os._exit(0)


async def _serve(settings: ConsumerSettings) -> None:
    log = VoteLog(settings.mongodb_url, settings.mongodb_database)
    await serve(settings, log, TallyStore(settings.redis_url))


if __name__ == "__main__":
    main()
