"""The server of MongoDB's protocol that keeps the vote log."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from harness.processes.errors import NotReadyError
from harness.processes.programs import python_environment
from harness.processes.server import Server

_PROBE_LIMIT_MS: Final = 1000


class MongodbServer(Server):
    """nx-27017: MongoDB's wire protocol over SQLite, for one machine.

    No package registry has MongoDB itself. For what this one cannot do see voting.stores.vote_log.
    """

    @property
    def url(self) -> str:
        """Address as mongodb:// URL."""
        return f"mongodb://{self.address}"

    def command(self) -> list[str]:
        """Return the module's command line: one process, in the foreground, log on stderr."""
        arguments = {
            "--db": str(self.data / "votes.db"),
            "--host": self.host,
            "--port": str(self.port),
            "--pid-file": str(self._pid_file),
            "--log-file": "/dev/null",
        }
        module = [sys.executable, "-m", "nx_27017.nx_27017"]
        return module + [part for pair in arguments.items() for part in pair]

    def environment(self) -> Mapping[str, str]:
        """Let the child import nx-27017 from where this process would."""
        return python_environment()

    def prepare(self) -> None:
        """Remove the pid file of a killed server: any process may have that pid now."""
        self._pid_file.unlink(missing_ok=True)

    def probe(self) -> None:
        """Send the command `ping` through the real client."""
        client: MongoClient[dict[str, object]] = MongoClient(
            self.url, serverSelectionTimeoutMS=_PROBE_LIMIT_MS, socketTimeoutMS=_PROBE_LIMIT_MS
        )
        try:
            client.admin.command("ping")
        except PyMongoError as error:
            raise NotReadyError(str(error).partition(",")[0]) from error
        finally:
            client.close()

    @property
    def _pid_file(self) -> Path:
        return self.data / "pid"
