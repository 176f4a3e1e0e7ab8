import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.processes.process import Process
from harness.processes.programs import python_environment
from harness.processes.waiting import has_ended, wait_until

LAUNCHER = """
import sys, time
from pathlib import Path
from harness.processes.process import Process
child = Process(["sleep", "300"], log=Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(300)
"""


def state(process: Process) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_ends_with_its_launcher(tmp_path: Path, end: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(tmp_path / "log")],
        env={**os.environ, **python_environment()},
        stdout=subprocess.PIPE,
        text=True,
    ) as launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        assert not has_ended(pid)
        launcher.send_signal(end)
    wait_until(lambda: has_ended(pid), "the end of the child")


def test_a_process_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(max_workers=1) as thread:
        process = thread.submit(Process, ["sleep", "300"], log=tmp_path / "log").result()
    wait_until(lambda: state(process) == "S", "sleep")
    assert process.status is None
    process.kill()


def test_the_status_shows_how_it_ended(tmp_path: Path) -> None:
    process = Process(["sh", "-c", "exit 7"], log=tmp_path / "log")
    wait_until(lambda: process.status is not None, "the end")
    assert process.status == 7


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    stubborn = "trap '' TERM; echo ready; exec sleep 300"
    process = Process(["sh", "-c", stubborn], log=log)
    wait_until(lambda: log.read_text() == "ready\n", "ready")
    process.stop(grace_seconds=0.1)
    assert process.status == -signal.SIGKILL


def test_a_paused_process_can_be_stopped(tmp_path: Path) -> None:
    process = Process(["sleep", "300"], log=tmp_path / "log")
    process.pause()
    assert state(process) == "T"
    process.stop(grace_seconds=10)
    assert process.status == -signal.SIGTERM


def test_a_missing_program_is_named_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = Process(["no-such-program"], log=log)
    wait_until(lambda: process.status is not None, "the end")
    assert process.status == 127
    assert "no-such-program" in log.read_text()
