"""The command line that makes voters' codes."""

import csv
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.processes.programs import python_environment
from harness.processes.waiting import STUCK_SECONDS, wait_until
from svc_polls.handouts.codes import main
from voting.voters.codes import SERIAL_MAX, Code, read_code
from voting.voters.keys import new_key, read_keys

KEYS = f"{new_key(1)},{new_key(2)}"
SCOPE = "awards-2026"
URL = "https://votes.example.com/p/best-album"
FILE = "codes.csv"
SHEETS = "sheets.html"

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUILD_WORKING_DIRECTORY", raising=False)
    monkeypatch.setenv("VOTER_KEYS", KEYS)

    def run(*arguments: str, batch: int = 3, count: int = 3) -> int:
        return main(["--scope", SCOPE, "--batch", str(batch), "--count", str(count), *arguments])

    return run


def read(file: str = FILE) -> list[dict[str, str]]:
    with Path(file).open(encoding="ascii", newline="") as opened:
        return list(csv.DictReader(opened))


def files() -> set[str]:
    return {file.name for file in Path().iterdir()}


def test_each_code_is_one_of_its_class_and_batch(run: Run) -> None:
    assert run("--key", "2", "--class", "15", "-o", FILE, batch=1023, count=250) == 0
    code_key = read_keys(KEYS).scope_keys(2, SCOPE).code_key
    for number, row in enumerate(read(), 1):
        assert row["number"] == str(number)
        assert read_code(code_key, row["code"]) == Code(15, 1023, number)


def test_the_same_options_give_the_same_codes_and_another_batch_gives_others(run: Run) -> None:
    assert run("-o", "a.csv") == run("-o", "b.csv") == run("-o", "c.csv", batch=4) == 0
    assert read("a.csv") == read("b.csv")
    assert not {row["code"] for row in read("a.csv")} & {row["code"] for row in read("c.csv")}


def test_a_batch_is_continued_with_its_next_codes(run: Run) -> None:
    assert run("-o", "all.csv", count=5) == run("-o", "rest.csv", "--first", "4", count=2) == 0
    assert read("rest.csv") == read("all.csv")[3:]


def test_the_last_code_of_a_batch_can_be_made(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-o", FILE, "--first", str(SERIAL_MAX), count=1) == 0
    assert run("-o", "more.csv", "--first", str(SERIAL_MAX), count=2) == 2
    assert "a batch has no code 1,048,576" in capsys.readouterr().err


def test_a_link_has_the_code_where_no_server_sees_it(run: Run) -> None:
    assert run("-o", FILE, "--url", URL) == 0
    for row in read():
        assert row["link"] == f"{URL}#code={row['code']}"


def test_list_and_sheets_have_the_same_codes_and_only_their_owner_may_read_them(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("-o", FILE, "--sheets", SHEETS, "--url", URL, count=21) == 0
    html = Path(SHEETS).read_text(encoding="utf-8")
    assert html.count("<svg viewBox") == 21
    assert all(f'<p class="code">{row["code"]}</p>' in html for row in read())
    assert {Path(file).stat().st_mode & 0o777 for file in files()} == {0o600}
    assert capsys.readouterr().out == (
        "codes.csv and sheets.html: 21 codes of scope awards-2026, key 1, class 0, batch 3\n"
    )


def test_one_file_that_exists_keeps_both_from_being_made(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(SHEETS).write_text("handed out", encoding="ascii")
    assert run("-o", FILE, "--sheets", SHEETS, "--url", URL) == 1
    assert Path(SHEETS).read_text(encoding="ascii") == "handed out"
    assert files() == {SHEETS}
    assert capsys.readouterr().err == "codes: --sheets sheets.html: File exists\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "codes: give -o FILE.csv or --sheets FILE.html, or both"),
        (["-o", "x", "--sheets", "x"], "codes: -o and --sheets name the same file"),
        (["--sheets", "x"], "codes: --sheets needs --url"),
        (["--sheets", "x", "--url", f"{URL}{'x' * 33}"], "codes: --url: there is room for 70"),
        (["--sheets", "x", "--url", URL, "--count", "5001"], "a file has at most 5,000 codes"),
        (["-o", "x", "--key", "3"], "codes: --key 3: VOTER_KEYS has no key 3"),
    ],
)
def test_options_that_do_not_go_together_are_named(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    assert run(*arguments) == 2
    assert error in capsys.readouterr().err
    assert files() == set()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--batch", "0"], "argument --batch: '0' must be a whole number from 1 to 1,023"),
        (["--batch", "1024"], "argument --batch: '1024' must be"),
        (["--class", "16"], "argument --class: '16' must be a whole number from 0 to 15"),
        (["--count", "1000001"], "argument --count: '1000001' must be"),
        (["--first", "0"], "argument --first: '0' must be a whole number from 1"),
        (["--language", "de"], "argument --language: invalid choice: 'de'"),
        (["--title", " "], "argument --title: ' ' must have 1 to 60 characters"),
        (["--title", "x" * 61], "must have 1 to 60 characters"),
        (["--url", "http://votes.example.com/p/a"], "must be like https://HOST/p/POLL"),
    ],
)
def test_a_wrong_option_is_named(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        run("-o", FILE, *arguments)
    assert caught.value.code == 2
    assert error in capsys.readouterr().err


def test_help_says_how_batches_are_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert "give each group of people a batch of its own" in printed
    assert "exit status" in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_it_says_how_far_it_is(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("svc_polls.handouts.codes.STEP", 1_000)
    monkeypatch.setattr("svc_polls.handouts.codes.SHEET_STEP", 1_000)
    assert run("-o", FILE, count=2_000) == 0
    assert run("--sheets", SHEETS, "--url", URL, count=1_000) == 0
    assert capsys.readouterr().err == (
        "codes: 1,000 of 2,000\ncodes: 2,000 of 2,000\ncodes: sheets: 1,000 of 1,000\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "svc_polls.handouts.codes", "--scope", SCOPE, "--batch", "1"]
    files = ["-o", str(tmp_path / FILE), "--sheets", str(tmp_path / SHEETS), "--url", URL]
    environment = {**os.environ, **python_environment(), "VOTER_KEYS": KEYS}
    with subprocess.Popen(
        [*command, "--count", "5000", *files], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: any(SHEETS in one.name for one in tmp_path.iterdir()), "sheets")
        process.send_signal(number)
        _, error = process.communicate(timeout=STUCK_SECONDS)
    assert process.returncode == 130
    assert error.endswith("codes: interrupted; there is no file\n")
    assert list(tmp_path.iterdir()) == []
