"""The command line that makes voters' tokens."""

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
from svc_polls.handouts.voters import main
from voting.domain.vote import InvalidVoteError
from voting.voters.ballots import PollVoters
from voting.voters.keys import new_key, read_keys
from voting.voters.rules import VoterClass, VoterRules
from voting.voters.token import NONCE_BYTES

KEYS = f"{new_key(1)},{new_key(2)}"
SECRETS = [item.partition(":")[2] for item in KEYS.split(",")]
FILE = "tokens.csv"

Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUILD_WORKING_DIRECTORY", raising=False)
    monkeypatch.setenv("VOTER_KEYS", KEYS)

    def run(*arguments: str, scope: str = "awards-2026", count: int = 3, file: str = FILE) -> int:
        return main(["--scope", scope, "--count", str(count), "-o", file, *arguments])

    return run


def read(file: str = FILE) -> list[dict[str, str]]:
    with Path(file).open(encoding="ascii", newline="") as opened:
        return list(csv.DictReader(opened))


def files() -> list[str]:
    return [file.name for file in Path().iterdir()]


def test_each_token_admits_a_voter_of_its_own_to_a_poll_of_the_scope(run: Run) -> None:
    assert run("--key", "2", count=250) == 0
    made = read()
    assert [row["number"] for row in made] == [str(number) for number in range(1, 251)]
    rules = VoterRules(scope="awards-2026", key=2)
    voters = PollVoters("best-album", rules, read_keys(KEYS).scope_keys(2, "awards-2026"))
    assert len({voters.ballot_id(row["token"], None, "moon") for row in made}) == 250


def test_tokens_of_a_batch_and_a_class_can_be_taken_back_together(run: Run) -> None:
    assert run("--batch", "65535", "--class", "15") == 0
    keys = read_keys(KEYS).scope_keys(1, "awards-2026")
    jury = VoterClass("jury", 15)
    rules = VoterRules(scope="awards-2026", key=1, classes=(jury,))
    token = read()[0]["token"]
    assert PollVoters("best-album", rules, keys).ballot_id(token, None, "moon")[1] == 15
    voters = PollVoters("best-album", rules, keys, revoked_batches={65535})
    with pytest.raises(InvalidVoteError, match="taken back"):
        voters.ballot_id(token, None, "moon")


def test_two_runs_share_no_token(run: Run) -> None:
    assert run(file="one.csv") == run(file="two.csv") == 0
    assert not {row["token"] for row in read("one.csv")} & {row["token"] for row in read("two.csv")}


def test_a_link_has_the_token_where_no_server_sees_it(run: Run) -> None:
    assert run("--url", "https://votes.example.com/p/best-album") == 0
    for row in read():
        assert row["link"] == f"https://votes.example.com/p/best-album#voter={row['token']}"


def test_only_its_owner_may_read_the_file(run: Run) -> None:
    before = os.umask(0)
    try:
        assert run() == 0
    finally:
        os.umask(before)
    assert Path(FILE).stat().st_mode & 0o777 == 0o600
    assert files() == [FILE]


def test_a_file_that_exists_is_left_as_it_is(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    Path(FILE).write_text("handed out", encoding="ascii")
    assert run() == 1
    assert Path(FILE).read_text(encoding="ascii") == "handed out"
    assert capsys.readouterr().err == "voters: -o tokens.csv: File exists\n"


def test_a_file_that_appears_meanwhile_is_not_replaced(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nonce(_: int) -> bytes:
        Path(FILE).write_text("handed out", encoding="ascii")
        return bytes(NONCE_BYTES)

    monkeypatch.setattr("svc_polls.handouts.tokens.new_nonce", nonce)
    assert run() == 1
    assert Path(FILE).read_text(encoding="ascii") == "handed out"
    assert files() == [FILE]


def test_a_file_that_cannot_be_made_is_named(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file="nowhere/tokens.csv") == 1
    assert capsys.readouterr().err == "voters: -o nowhere/tokens.csv: No such file or directory\n"


def test_a_relative_file_lies_where_the_user_is(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path / "user"))
    assert run() == 0
    assert len(read(f"user/{FILE}")) == 3


@pytest.mark.parametrize(
    ("keys", "number", "error"),
    [
        ("", "1", "set VOTER_KEYS to the master keys"),
        (f"{SECRETS[0]}", "1", "VOTER_KEYS: must be NUMBER:KEY"),
        (f"1:{SECRETS[0][1:]}", "1", "VOTER_KEYS: key 1 must be 32 bytes"),
        (KEYS, "3", "--key 3: VOTER_KEYS has no key 3"),
    ],
)
def test_a_key_that_cannot_be_used_is_named_and_not_shown(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    keys: str,
    number: str,
    error: str,
) -> None:
    monkeypatch.setenv("VOTER_KEYS", keys)
    assert run("--key", number) == 2
    printed = "".join(capsys.readouterr())
    assert error in printed
    assert not any(secret[1:] in printed for secret in SECRETS)
    assert files() == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--scope", "A B"], "argument --scope: 'A B': must be lower-case letters"),
        (["--count", "0"], "argument --count: '0' must be a whole number from 1 to 1,000,000"),
        (["--count", "1000001"], "argument --count: '1000001' must be"),
        (["--count", "x"], "argument --count: 'x' must be"),
        (["--key", "256"], "argument --key: '256' must be a whole number from 1 to 255"),
        (["--batch", "0"], "argument --batch: '0' must be a whole number from 1 to 65,535"),
        (["--batch", "65536"], "argument --batch: '65536' must be"),
        (["--class", "16"], "argument --class: '16' must be a whole number from 0 to 15"),
        (["--url", "votes.example.com"], "argument --url: 'votes.example.com' must be like"),
        (["--url", "http://votes.example.com/p/a"], "must be like https://HOST/p/POLL"),
        (["--url", "https://votes.example.com/p/a#"], "must be like https://HOST/p/POLL"),
        (["--url", "https://votes.example.com/p/a b"], "must be like https://HOST/p/POLL"),
        (["--url", "https://ana:x@votes.example.com/p/a"], "must be like https://HOST/p/POLL"),
        (["--url", "https://[/p/a"], "'https://[/p/a' is not a URL"),
    ],
)
def test_a_wrong_option_is_named(
    run: Run, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2
    assert error in capsys.readouterr().err


def test_help_explains_the_environment_and_the_exit_status(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert "VOTER_KEYS" in printed
    assert "exit status" in printed
    assert not any(secret in printed for secret in SECRETS)


def test_it_says_how_far_a_large_batch_is(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("svc_polls.handouts.voters.STEP", 2_000)
    assert run(count=5_000) == 0
    printed = capsys.readouterr()
    assert printed.err == "voters: 2,000 of 5,000\nvoters: 4,000 of 5,000\n"
    assert printed.out == "tokens.csv: 5,000 tokens of scope awards-2026, key 1\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "svc_polls.handouts.voters"]
    options = ["--scope", "awards-2026", "--count", "1000000", "-o", str(tmp_path / FILE)]
    environment = {**os.environ, **python_environment(), "VOTER_KEYS": KEYS}
    with subprocess.Popen(
        [*command, *options], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: any(one.stat().st_size for one in tmp_path.iterdir()), "tokens")
        process.send_signal(number)
        _, error = process.communicate(timeout=STUCK_SECONDS)
    assert process.returncode == 130
    assert error.endswith("voters: interrupted; there is no file\n")
    assert list(tmp_path.iterdir()) == []
