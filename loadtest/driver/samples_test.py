from pathlib import Path

import pytest

from loadtest.driver.samples import SAMPLE_DTYPE, id_text, read_samples
from loadtest.model.answer import Outcome
from loadtest.testing.examples import accepted, failed, stored, vote_id
from voting.domain.vote import Route


def test_samples_read_back_as_they_were_written(tmp_path: Path) -> None:
    records, kinds = stored(
        [accepted(7, Route.GRPC), failed(8, Outcome.UNKNOWN, "timed out")], tmp_path
    )
    first, second = records
    assert first["at"] == pytest.approx(0.007)
    assert first["latency"] == pytest.approx(0.005)
    assert (first["album"], first["rank"]) == (7, 8)
    assert id_text(first["id"]) == str(vote_id(7))
    assert kinds[first["kind"]] == ""
    assert kinds[second["kind"]] == "timed out"
    assert second["outcome"] == Outcome.UNKNOWN


def test_ids_that_end_in_zeros_stay_whole(tmp_path: Path) -> None:
    records, _ = stored([accepted(0), accepted(1, id=None)], tmp_path)
    assert id_text(records[0]["id"]) == str(vote_id(0))
    assert id_text(records[1]["id"]) is None


def test_a_record_cut_off_at_the_end_is_left_out(tmp_path: Path) -> None:
    stored([accepted(1), accepted(2)], tmp_path)
    path = tmp_path / "samples"
    path.write_bytes(path.read_bytes()[: SAMPLE_DTYPE.itemsize + 5])
    assert len(read_samples(path)) == 1
