from pathlib import Path

import pytest

from harness.processes.scratch import scratch_folder


def test_the_folder_goes_when_all_went_well(tmp_path: Path) -> None:
    with scratch_folder("trial-", tmp_path) as folder:
        (folder / "log").write_text("fine")
    assert not list(tmp_path.iterdir())


def test_the_folder_goes_after_ctrl_c(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), scratch_folder("trial-", tmp_path):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_the_folder_stays_for_whoever_reads_the_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="see its log"), scratch_folder("trial-", tmp_path):
        raise OSError("see its log")
    assert len(list(tmp_path.iterdir())) == 1
