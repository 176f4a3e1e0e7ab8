"""Commands about rulings against the service as it runs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from svc_polls.testing.running import ANY, Organisers
from voting.testing.examples import vote_with
from voting.testing.polls import VOTER_KEYS

if TYPE_CHECKING:  # pytest loads it as a plugin and must be the first to do so
    from svc_polls.testing.command_fixtures import Ran

pytest_plugins = [
    "harness.testing.fixtures",
    "svc_polls.testing.command_fixtures",
    "svc_polls.testing.running_fixtures",
]

ID: Final = vote_with().id
WHICH: Final = "polls: say which votes: "


@pytest.fixture
def open_poll(shared: Organisers, poll: str) -> str:
    voters = {
        "scope": "awards-2026",
        "classes": [{"name": "audience"}, {"name": "jury", "number": 1}],
    }
    shared.define(poll, voters=voters)
    shared.ask("POST", f"/{poll}/open", headers=ANY)
    return poll


@pytest.fixture(autouse=True)
def _environment(shared: Organisers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POLLS_SERVER", shared.running.url)
    monkeypatch.setenv("POLLS_TOKEN", "ana")
    monkeypatch.setenv("VOTER_KEYS", VOTER_KEYS)
    (tmp_path / "rea").write_text("rea")


def test_a_ruling_is_proposed_approved_and_lifted(run: Ran, open_poll: str) -> None:
    assert run("exclude", open_poll, "--id", ID, "--reason", "Sold votes") == 0
    assert run.out.splitlines()[-1].startswith("1       proposed  1 id   ")
    assert run("approve", open_poll, "1") == 1
    assert run.err == "polls: whoever proposed a ruling cannot approve it\n"
    as_rea = ("--token-file", "rea")
    assert run(*as_rea, "approve", open_poll, "1") == 0
    assert run("lift", open_poll, "1", "--reason", "A mistake") == 0
    assert run(*as_rea, "approve", open_poll, "2") == 0
    assert run("exclude", open_poll, "--class", "jury", "--reason", "Late") == 0
    assert run("refuse", open_poll, "3") == 0
    assert run("rulings", open_poll) == 0
    states = [line.split(maxsplit=1)[1].split("  ")[0] for line in run.out.splitlines()[1:]]
    assert states == ["lifted by 2", "in force", "refused"]
    assert run("rulings", open_poll, "1") == 0
    assert run.out.splitlines()[-1] == ID
    assert run("rulings", open_poll, "1", "--json") == 0
    assert json.loads(run.out)["ids"] == [ID]
    assert run("show", open_poll) == 0
    assert "rulings     3, 1 in force\n" in run.out
    assert run("history", open_poll) == 0
    assert run.out.splitlines()[-1].endswith("refuse   ruling 3")


def test_votes_are_selected_by_time_by_a_file_of_ids_and_by_batch(
    run: Ran, open_poll: str, tmp_path: Path
) -> None:
    exclude = ("exclude", open_poll, "--reason", "Bots")
    day = ("--from", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z")
    assert run(*exclude, *day) == 0
    assert "from 2026-01-01T00:00:00.000Z until 2026-01-02T00:00:00.000Z" in run.out
    (tmp_path / "ids.txt").write_text(f"{ID}\n{ID}\n")
    assert run(*exclude, "--ids", "ids.txt") == 0
    assert run(*exclude, "--batch", "3", "--codes", "5", "--class", "jury") == 0
    assert "5 ids of batch 3" in run.out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], WHICH),
        (["--id", ID, "--class", "jury"], WHICH),
        (["--batch", "3", "--tokens", "x.csv"], WHICH),
        (["--from", "2026-01-01T00:00:00Z"], "polls: --from and --until belong together"),
        (["--ids", "none.txt"], "polls: none.txt: cannot be read as ids, one a line"),
        (["--tokens", "none.csv"], "has no column token, or cannot be read"),
        (["--batch", "3"], "polls: --batch needs --codes"),
        (["--batch", "1024", "--codes", "1"], "polls: a batch is 1 to 1023"),
        (["--batch", "1", "--codes", "1", "--first", "0"], "polls: a batch is 1 to 1023"),
        (["--batch", "1", "--codes", "0"], "polls: a batch is 1 to 1023"),
        (
            ["--batch", "1", "--codes", "1", "--class", "press"],
            "polls: the poll has no class press",
        ),
    ],
)
def test_a_wrong_selection_changes_nothing(
    run: Ran, shared: Organisers, open_poll: str, arguments: list[str], error: str
) -> None:
    assert run("exclude", open_poll, "--reason", "Bots", *arguments) == 2
    assert error in run.err
    assert shared.poll(open_poll)["rulings"] == []


def test_wrong_keys_are_named_without_showing_them(
    run: Ran, open_poll: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = ("exclude", open_poll, "--reason", "Bots", "--batch", "3", "--codes", "5")
    monkeypatch.setenv("VOTER_KEYS", "1:secret")
    assert run(*batch) == 2
    assert "VOTER_KEYS" in run.err
    assert "secret" not in run.err
    monkeypatch.delenv("VOTER_KEYS")
    assert run(*batch) == 2
    assert run.err == "polls: VOTER_KEYS has no key 1\n"
