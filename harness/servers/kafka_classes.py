"""Writes Kafka's classes as Java keeps them in memory, for quick starts: a Java archive (CDS).

Kafka runs once for it, as a build step, and Java writes at the end what it had loaded. Java makes
sure itself that an archive belongs to it and to the jars, and does without it otherwise.
"""

import argparse
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from harness.processes.errors import ServerError
from harness.processes.ports import free_port
from harness.servers.kafka_server import KafkaServer

_WRITE_LIMIT_SECONDS: Final = 120.0


class _WritingKafka(KafkaServer):
    """Kafka that writes an archive of its classes when it ends."""

    stop_grace_seconds = _WRITE_LIMIT_SECONDS

    def __init__(self, archive: Path, folder: Path) -> None:
        super().__init__(free_port(), free_port(), folder)
        self._archive = archive

    def command(self) -> list[str]:
        java, *arguments = super().command()
        return [java, f"-XX:ArchiveClassesAtExit={self._archive}", *arguments]


def write(archive: Path) -> None:
    """Write the archive. Raises ServerError when Kafka does not start, or nothing was written."""
    with TemporaryDirectory() as folder:
        with _WritingKafka(archive, Path(folder)) as kafka:
            kafka.create_topics()
        if not archive.exists():
            raise ServerError(f"Java wrote no archive: {kafka.log.read_text(errors='replace')}")


def main() -> None:
    """Write the archive that the command line names; an empty one where there is no Java."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    archive = parser.parse_args().archive.absolute()
    if shutil.which("java"):
        write(archive)
    else:
        # A build step sees the system's folders only. Java elsewhere starts Kafka without archive.
        archive.touch()


if __name__ == "__main__":
    main()
