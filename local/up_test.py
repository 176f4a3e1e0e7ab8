"""The command as a user runs it: one stack per folder, and nothing left behind."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from harness.processes.programs import python_environment
from harness.processes.waiting import STUCK_SECONDS, has_ended, wait_until
from harness.servers.services import Service
from tools.services.roster import SERVICES

COMMAND = [sys.executable, "-m", "local.up", "--free-ports", "--data-dir"]
ROW = re.compile(r"^(\w+) +\S+:\d+\S* +(\d+)$")


@contextmanager
def up(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, str(folder), *options],
        env={**os.environ, **python_environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_start(output: IO[str]) -> tuple[dict[str, int], dict[str, str]]:
    """Read what `up` prints until all runs.

    Return the process id of each server, and the commands that verify the tally and make tokens.
    """
    pids = {}
    commands = {}
    for line in output:
        what, _, command = line.partition(" ")
        if what in {"verify", "tokens"}:
            commands[what] = command
        if row := ROW.match(line):
            pids[row[1]] = int(row[2])
        if line.startswith("Press Ctrl-C"):
            break
    assert pids.keys() == {*SERVICES, "entry", "kafka", "mongodb", "prometheus", "redis"}
    return pids, commands


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that `up` printed, as a shell would, with Bazel's target instead of Bazel."""
    consumer = shlex.join(Service("svc_consumer", 0, folder, {}).command())
    voters = f"{sys.executable} -m svc_polls.handouts.voters"
    command = command.replace("./bazelw run //svc_consumer --", consumer)
    command = command.replace("./bazelw run //svc_polls:voters --", voters)
    environment = {**os.environ, **python_environment(), "BUILD_WORKING_DIRECTORY": str(folder)}
    return subprocess.run(
        command, shell=True, env=environment, capture_output=True, text=True, timeout=STUCK_SECONDS
    )


def wait_for_ends(pids: dict[str, int]) -> None:
    for name, pid in pids.items():
        wait_until(partial(has_ended, pid), f"the end of {name}")


def test_up_serves_one_stack_per_folder_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with up(tmp_path, "--votes-per-second-per-address", "7") as first:
        assert first.stdout is not None
        pids, commands = read_start(first.stdout)
        assert '"rateLimit":{"average":7,"burst":14}' in (tmp_path / "entry/routes.yml").read_text()
        verified = run(commands["verify"], tmp_path)
        assert (verified.returncode, verified.stderr) == (0, "")
        assert "0 votes up to the tally's positions, 0 differences" in verified.stdout
        made = run(commands["tokens"], tmp_path)
        assert (made.returncode, made.stderr) == (0, "")
        assert len((tmp_path / "tokens.csv").read_text().splitlines()) == 11
        with up(tmp_path) as second:
            _, refusal = second.communicate(timeout=STUCK_SECONDS)
        assert second.returncode == 1
        assert refusal == (
            f"error: another stack (process {first.pid}) is using {tmp_path}: "
            "stop it, or choose another --data-dir\n"
        )
        first.send_signal(signal.SIGKILL)
        wait_for_ends(pids)

    # The same data again; then a server dies.
    with up(tmp_path) as third:
        assert third.stdout is not None
        pids, _ = read_start(third.stdout)
        os.kill(pids["redis"], signal.SIGKILL)
        _, report = third.communicate(timeout=STUCK_SECONDS)
        assert third.returncode == 1
        assert report.startswith("error: redis was killed by signal 9")
        assert report.endswith(f"log: {tmp_path}/redis.log\n")
        wait_for_ends(pids)
