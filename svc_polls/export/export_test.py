import csv
import json
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import pytest

from svc_polls.export.export import main
from svc_polls.export.rows import Row
from svc_polls.export.tables import FORMATS, harmless
from verify.testing.published import Published, example, ids, record_of, ruled_example
from voting.domain.vote import new_vote_id
from voting.testing.examples import vote_with
from voting.testing.polls import ENTRIES, POLL

NASTY: Final = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1", "plain", 'a "quoted", one', "")


@pytest.fixture
def published() -> Published:
    return example()


@pytest.fixture
def evidence(tmp_path: Path, published: Published) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    published.write(folder)
    return folder


def exported(evidence: Path, folder: Path, *options: str) -> Path:
    assert main(["tables", str(evidence), str(folder), *options]) == 0
    return folder


def of_csv(folder: Path) -> list[dict[str, Any]]:
    with (folder / "votes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_vote_that_counts_is_a_row_in_every_format(
    evidence: Path, tmp_path: Path, published: Published
) -> None:
    folder = exported(evidence, tmp_path / "tables")
    rows = of_csv(folder)
    lines = [json.loads(line) for line in (folder / "votes.jsonl").read_text().splitlines()]
    parquet = pq.read_table(folder / "votes.parquet").to_pylist()
    assert len(rows) == len(lines) == len(parquet) == 27
    assert [{**one, "year": str(one["year"]), "rank": str(one["rank"])} for one in lines] == rows
    for one, line in zip(parquet, lines, strict=True):
        assert (
            one["cast_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
            == line["cast_at"]
        )
        assert {**one, "cast_at": ""} == {**line, "cast_at": ""}
    document = json.loads((evidence / "result.json").read_bytes())
    for entry in document["entries"]:
        of_entry = [line for line in lines if line["entry"] == entry["id"]]
        assert len(of_entry) == entry["votes"]
        assert sum(line["rank"] for line in of_entry) == entry["rank_sum"]
    assert {line["voter_class"] for line in lines} == {"audience", "jury"}


def test_voters_appear_under_pseudonyms_that_no_other_export_shares(
    evidence: Path, tmp_path: Path, published: Published
) -> None:
    one = {row["vote"] for row in of_csv(exported(evidence, tmp_path / "one", "--format", "csv"))}
    other = {row["vote"] for row in of_csv(exported(evidence, tmp_path / "two", "--format", "csv"))}
    assert len(one) == len(other) == 27
    assert not one & other
    text = (tmp_path / "one" / "votes.csv").read_text()
    for records in published.ledger:
        assert not any(vote_id and vote_id in text for vote_id in ids(records))


def test_the_manifest_names_each_file_and_its_hash(evidence: Path, tmp_path: Path) -> None:
    folder = exported(evidence, tmp_path / "tables", "--format", "csv", "--format", "parquet")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert (manifest["poll"], manifest["rows"]) == (POLL, 27)
    assert manifest["files"].keys() == {"votes.csv", "votes.parquet"}
    for name, of_file in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert of_file == {"sha256": sha256(content).hexdigest(), "bytes": len(content)}


def test_no_cell_begins_as_a_formula_does(tmp_path: Path, published: Published) -> None:
    entries = tuple(
        ENTRIES[0].__class__(f"e{number}", text or "x", text or "y", 2000)
        for number, text in enumerate(NASTY)
        if "\t" not in text
    )
    published.definition = {"entries": entries}
    published.ledger = [
        [
            record_of(vote_with(id=new_vote_id(0), poll=POLL, entry=one.id, poll_event=2))
            for one in entries
        ]
    ]
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    published.write(evidence)
    folder = exported(evidence, tmp_path / "tables")
    rows = of_csv(folder)
    assert len(rows) == len(entries)
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))
    # Programs get the texts as they are.
    lines = [json.loads(line) for line in (folder / "votes.jsonl").read_text().splitlines()]
    assert {line["name"] for line in lines} == {one.name for one in entries}


@pytest.mark.parametrize("text", NASTY)
def test_a_formula_gets_an_apostrophe_and_nothing_else_changes(text: str) -> None:
    assert harmless(text) in {text, f"'{text}"}
    assert (harmless(text) == text) is (text in {"plain", 'a "quoted", one', ""})


def test_what_is_wrong_is_said_and_there_is_no_manifest(
    evidence: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "tables"
    assert main(["tables", str(tmp_path / "none"), str(folder)]) == 1
    assert "result.json: No such file" in capsys.readouterr().err
    path = evidence / "partition-0001.evidence"
    path.write_bytes(path.read_bytes()[:-30])
    assert main(["tables", str(evidence), str(folder)]) == 1
    assert "partition-0001.evidence: it ends early" in capsys.readouterr().err
    assert not (folder / "manifest.json").exists()
    first = evidence / "partition-0000.evidence"
    first.write_bytes(first.read_bytes().replace(b"album-of-the-year", b"album of the year", 1))
    assert main(["tables", str(evidence), str(tmp_path / "damaged")]) == 1
    assert "partition-0000.evidence: poll: must be lower-case" in capsys.readouterr().err
    assert main(["tables", str(evidence), str(folder)]) == 1
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.parametrize("name", FORMATS)
def test_many_rows_are_written_piece_by_piece(name: str) -> None:
    """The writers keep no more than a row group, however many rows there are."""

    def rows(count: int) -> Iterator[Row]:
        for number in range(count):
            yield Row(
                f"{number:032x}", "moon", "Pink Floyd", "The Dark Side of the Moon", 1973, 5,
                "audience", "http", "2026-12-31T20:00:00.000Z",
            )  # fmt: skip

    class Counted(BytesIO):
        largest = 0

        def write(self, data: Any, /) -> int:
            self.largest = max(self.largest, len(data))
            return len(data)

    file = Counted()
    _, open_table = FORMATS[name]
    with open_table(file) as write:
        for _ in range(30):
            write(list(rows(10_000)))
    assert 0 < file.largest < 4 << 20


def test_votes_that_rulings_exclude_are_no_rows(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    document = ruled_example().write(folder)
    rows = of_csv(exported(folder, tmp_path / "tables", "--format", "csv"))
    assert 0 < len(rows) == document["votes"] < document["counted"]
    by_entry = {one["id"]: one["votes"] for one in document["entries"]}
    assert by_entry == {entry: sum(row["entry"] == entry for row in rows) for entry in by_entry}
