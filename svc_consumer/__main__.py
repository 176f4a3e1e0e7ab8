"""Runs the consumer: `python -m svc_consumer`; `--help` lists its settings."""

import asyncio
import logging
import os

from svc_consumer.service import serve
from svc_consumer.settings import ConsumerSettings
from voting.settings import load_settings
from voting.telemetry import configure_logging


def main() -> None:
    """Count until told to stop."""
    settings = load_settings(ConsumerSettings, "svc_consumer")
    configure_logging(settings.log_level)
    # Not uvloop: it raises RuntimeError for a write to a connection that was reset, which ends
    # aiokafka's background tasks for good.
    asyncio.run(serve(settings))
    logging.shutdown()
    # At once: Python would wait for those threads of Motor that a store that hangs still holds.
    os._exit(0)


if __name__ == "__main__":
    main()
