import os
from pathlib import Path

import pytest

from cluster.common.errors import ClusterError
from cluster.provision import preflight

# Stands in for unshare: refuses a command that contains the word.
UNSHARE = '#!/bin/sh\ncase "$*" in *{word}*) echo {word} not permitted >&2; exit 1 ;; esac\n'


def without(word: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "unshare"
    program.write_text(UNSHARE.format(word=word))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_an_ordinary_user_gets_an_error_that_names_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match="needs root"):
        preflight.check_rights()


def test_a_container_without_rights_gets_an_error_with_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without("true", tmp_path, monkeypatch)
    with pytest.raises(ClusterError, match=r"--privileged \(true not permitted\)"):
        preflight.check_rights()


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("veth", "modprobe veth"),
        ("nft", "modprobe -a nf_tables"),
        ("overlay", "set CLUSTER_STATE to a folder on ext4 or xfs"),
    ],
)
def test_what_the_kernel_lacks_is_named(
    word: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(word, tmp_path, monkeypatch)
    with pytest.raises(ClusterError, match=advice) as lacking:
        preflight.check_kernel(tmp_path, layer=None)
    assert "\n" not in str(lacking.value)
