"""Writes the archive of Kafka's classes (Java's class data sharing) with which Java starts faster.

Kafka runs once for it, as a build step, and at the end Java writes the classes that it loaded. Java
checks that an archive fits itself and the jars, and starts without it otherwise.
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
        # A build step sees only the system's folders. A Java elsewhere starts without archive.
        archive.touch()


if __name__ == "__main__":
    main()
