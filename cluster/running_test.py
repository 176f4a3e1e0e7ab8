from pathlib import Path

import pytest

from cluster import running
from cluster.common.errors import ClusterError
from cluster.common.places import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


def test_a_second_cluster_is_refused_in_one_line(state: State) -> None:
    with running.hold(state):
        with pytest.raises(ClusterError, match="already running") as refused:
            running.hold(state)
        assert "\n" not in str(refused.value)


def test_a_cluster_whose_process_is_gone_does_not_count_as_up(state: State) -> None:
    with running.hold(state) as lock:
        running.record(lock, 4711)
        assert running.node_process(state) == 4711
    assert not running.is_up(state)
    assert running.node_process(state) is None


def test_nothing_is_up_at_first(state: State) -> None:
    assert not running.is_up(state)
    with pytest.raises(ClusterError, match="no cluster is running"):
        running.inside(state)


def test_the_end_of_no_cluster_removes_what_an_interrupted_one_left(state: State) -> None:
    state.lib.mkdir(parents=True)
    running.end(state)
    assert not state.folder.exists()
    assert not state.lock.exists()
