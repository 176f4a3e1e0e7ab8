import os
import signal
from pathlib import Path

import pytest

from cluster.node.components import Component
from cluster.node.supervisor import Supervisor, restarts
from harness.processes.waiting import wait_until


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def test_a_component_that_ends_is_restarted(
    supervisor: Supervisor, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    supervisor.start(Component("etcd", ["sh", "-c", "echo $$; exec sleep 60"]))
    log = tmp_path / "etcd.log"
    wait_until(lambda: len(lines(log)) == 1, "the first start")
    os.kill(int(lines(log)[0]), signal.SIGKILL)

    def started_again() -> bool:
        supervisor.reap()
        return len(lines(log)) == 2

    wait_until(started_again, "the second start")
    os.kill(int(lines(log)[1]), signal.SIGKILL)
    assert restarts(capfd.readouterr().out) == {"etcd": 1}


def test_a_component_inherits_the_sockets_that_it_listens_on(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    inherited, other = os.pipe()
    look = "ls /proc/$$/fd; echo done"
    supervisor.start(Component("forward", ["sh", "-c", look], listening=[inherited]))
    log = tmp_path / "forward.log"
    wait_until(lambda: "done" in lines(log), "its list of open files")
    assert str(inherited) in lines(log)
    assert str(other) not in lines(log)
    os.close(inherited)
    os.close(other)
