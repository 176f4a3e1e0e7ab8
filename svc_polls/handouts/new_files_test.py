from collections.abc import Iterator
from pathlib import Path

import pytest

from svc_polls.handouts.new_files import csv_texts, write_new_files


def test_both_files_appear_for_their_owner_alone(tmp_path: Path) -> None:
    files = {tmp_path / "a": ["1", "2"], tmp_path / "b": ["ñ\n"]}
    write_new_files(files)
    assert [file.read_text(encoding="utf-8") for file in files] == ["12", "ñ\n"]
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
    assert len([*tmp_path.iterdir()]) == 2


def test_when_one_cannot_appear_none_does(tmp_path: Path) -> None:
    second = tmp_path / "b"

    def late() -> Iterator[str]:
        yield "new"
        second.write_text("of somebody else", encoding="ascii")

    with pytest.raises(FileExistsError) as caught:
        write_new_files({tmp_path / "a": ["new"], second: late()})
    assert caught.value.filename == second
    assert [*tmp_path.iterdir()] == [second]
    assert second.read_text(encoding="ascii") == "of somebody else"


def test_nothing_is_made_when_one_exists(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    content = iter(["x"])
    with pytest.raises(FileExistsError):
        write_new_files({tmp_path / "a": content, tmp_path / "b": []})
    assert next(content) == "x"
    assert [*tmp_path.iterdir()] == [tmp_path / "b"]


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[str]:
        yield "some"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_new_files({tmp_path / "a": ["x"], tmp_path / "b": interrupted()})
    assert [*tmp_path.iterdir()] == []


def test_the_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "nowhere" / "b"
    with pytest.raises(FileNotFoundError) as caught:
        write_new_files({tmp_path / "a": ["x"], wrong: ["x"]})
    assert caught.value.filename == wrong
    assert [*tmp_path.iterdir()] == []


def test_csv_comes_in_parts_and_says_how_many_rows_there_are() -> None:
    seen: list[int] = []
    texts = [*csv_texts(((n, "a,b") for n in range(1500)), seen.append)]
    assert seen == [1000, 1500]
    assert "".join(texts).splitlines()[:2] == ['0,"a,b"', '1,"a,b"']
