from pathlib import Path

import pytest

from cluster.common.errors import ClusterError
from cluster.node import cgroups


def version_1(root: Path) -> str:
    for controller in ("cpu,cpuacct", "cpuset", "memory/session", "systemd"):
        (root / controller).mkdir(parents=True)
    (root / "cpuset" / "cpuset.cpus").write_text("0-3")
    (root / "cpuset" / "cpuset.mems").write_text("0")
    return "4:cpu,cpuacct:/\n3:memory:/session\n2:cpuset:/\n1:name=systemd:/\n0::/elsewhere\n"


def version_2(root: Path, have: str) -> None:
    (root / "cgroup.controllers").write_text(have)
    (root / "cgroup.subtree_control").write_text("memory pids")


def test_version_1_gets_a_group_below_the_callers_own_in_each_tree(tmp_path: Path) -> None:
    groups = cgroups.make("votes", version_1(tmp_path), tmp_path)
    names = [str(group.relative_to(tmp_path)) for group in groups]
    assert names == ["cpu,cpuacct/votes", "memory/session/votes", "cpuset/votes", "systemd/votes"]
    assert all(group.is_dir() for group in groups)


def test_a_new_cpuset_gets_its_parents_processors(tmp_path: Path) -> None:
    cgroups.make("votes", version_1(tmp_path), tmp_path)
    assert (tmp_path / "cpuset" / "votes" / "cpuset.cpus").read_text() == "0-3"


def test_version_2_gets_one_group_at_the_top(tmp_path: Path) -> None:
    version_2(tmp_path, "cpuset cpu io memory pids")
    assert cgroups.make("votes", "0::/user.slice\n", tmp_path) == [tmp_path / "votes"]


def test_version_2_without_a_controller_is_refused_by_name(tmp_path: Path) -> None:
    version_2(tmp_path, "cpuset cpu memory")
    with pytest.raises(ClusterError, match="no control group controllers pids"):
        cgroups.make("votes", "0::/\n", tmp_path)


def test_groups_are_removed_from_the_inside_out(tmp_path: Path) -> None:
    group = tmp_path / "votes"
    (group / "kubepods" / "pod1").mkdir(parents=True)
    cgroups.remove([group, tmp_path / "gone already"])
    assert not group.exists()


def test_a_group_that_cannot_be_created_is_a_cluster_error(tmp_path: Path) -> None:
    membership = version_1(tmp_path)
    (tmp_path / "memory" / "session" / "votes").touch()
    with pytest.raises(ClusterError, match="cannot make a control group"):
        cgroups.make("votes", membership, tmp_path)
    assert not (tmp_path / "cpu,cpuacct" / "votes").exists()
