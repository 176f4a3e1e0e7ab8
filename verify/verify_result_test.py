import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from verify.testing.published import (
    ARRIVED_AT,
    KEY,
    Published,
    example,
    ids,
    record_of,
    ruled_example,
    write_manifest,
)
from verify.verify_result import Report, main, verify
from voting.domain.vote import new_vote_id
from voting.recount.evidence import HEADER, shown
from voting.signing.keys import SigningKey
from voting.signing.note import sign_note
from voting.testing.examples import vote_with
from voting.voters.rules import VoterRules

PUBLIC: Final = str(KEY.verifier)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    example().write(tmp_path)
    return tmp_path


def checked(folder: Path, wanted: str = "") -> Report:
    return verify(folder, PUBLIC, wanted)


def test_a_published_result_holds_and_it_is_said_what_is_proved_and_what_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), "--key", PUBLIC]) == 0
    said = capsys.readouterr().out
    assert "all 7 files arrived as they were exported" in said
    assert "result.json was signed with the key votes.example.org+" in said
    assert "27 votes, recounted from 35 records, give exactly this result" in said
    assert "the first one counts: 3 later ones do not" in said
    assert "that each voter is one person who was free and not paid" in said
    assert "that 4 records of which only hashes are shown are no votes of this poll" in said
    assert said.endswith("The result holds.\n")


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"ties": ("votes", "rank-sum", "order")},
        {"rank_min": 1, "rank_max": 1, "rehearsal": True, "closes_at_ms": 40_000},
        {"voters": VoterRules(scope="a", key=200, votes=3)},
        {"voters": VoterRules(scope="a", key=1, per_entry=True)},
    ],
)
def test_polls_of_every_kind_hold(tmp_path: Path, definition: dict[str, Any]) -> None:
    poll = example()
    poll.definition = definition
    poll.write(tmp_path)
    assert checked(tmp_path).failed == []


def test_a_poll_without_votes_holds(tmp_path: Path) -> None:
    Published([[(b"k", b"v")], [], []]).write(tmp_path)
    assert checked(tmp_path).failed == []


def changed(folder: Path, name: str, old: bytes, new: bytes, *, manifest: bool = True) -> None:
    """Replace bytes of a file, and bring the manifest up to date as a forger would."""
    data = (folder / name).read_bytes()
    assert old in data
    (folder / name).write_bytes(data.replace(old, new, 1))
    if manifest:
        write_manifest(folder)


def first_vote(folder: Path, partition: int = 0) -> bytes:
    """Return the key and the value of the first vote that is shown."""
    data = (folder / f"partition-{partition:04}.evidence").read_bytes()
    at = data.index(b"\x00\x24") + 2
    return data[at : at + 40 + int.from_bytes(data[at + 36 : at + 40])]


def another_vote(folder: Path) -> None:
    """Change the rank of a vote from 1 to 7, in the record itself."""
    vote = first_vote(folder)
    changed(folder, "partition-0000.evidence", vote, vote.replace(b"(\x01", b"(\x07"))


def left_out(folder: Path) -> None:
    """Leave out the first vote."""
    vote = b"\x01" + ARRIVED_AT.to_bytes(8) + b"\x00\x24" + first_vote(folder, 1)
    changed(folder, "partition-0001.evidence", vote, b"")


def resigned(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the document and sign it again with the right key: a cheating organiser."""
    document = json.loads((folder / "result.json").read_bytes())
    change(document)
    data = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    (folder / "result.json").write_text(data)
    (folder / "result.note").write_bytes(sign_note(data + "\n", KEY))
    write_manifest(folder)


FORGERIES: Final[dict[str, tuple[Callable[[Path], Any], str]]] = {
    "one vote": (another_vote, "recounted"),
    "a vote left out": (left_out, "it has 8 records, and the cut is at 9"),
    "one sum": (
        lambda folder: resigned(folder, lambda one: one["entries"][0].update(votes=99)),
        r"entries\[0\].votes: published 99, recounted",
    ),
    "a place": (
        lambda folder: resigned(folder, lambda one: one["entries"].reverse()),
        r"entries\[0\].id",
    ),
    "a root": (
        lambda folder: resigned(folder, lambda one: one["roots"].reverse()),
        r"roots\[0\]: published",
    ),
    "the cut": (
        lambda folder: resigned(folder, lambda one: one.update(cut=[15, 9, 10])),
        r"cut\[0\]: published 15, recounted 16",
    ),
    "a weight": (
        lambda folder: resigned(folder, lambda one: one["classes"][1].update(weight=99)),
        r"classes\[1\].weight: published 99, recounted 40",
    ),
    "one byte of the result": (
        lambda folder: changed(folder, "result.json", b'"votes":27', b'"votes":28'),
        "the signed text is not result.json",
    ),
    "one byte on the way": (
        lambda folder: changed(folder, "partition-0001.evidence", b"moon", b"moom", manifest=False),
        "files are not those of manifest.json: partition-0001.evidence",
    ),
    "the signature": (
        lambda folder: (folder / "result.note").write_bytes(
            forged((folder / "result.note").read_bytes())
        ),
        "result.note: the signature is wrong",
    ),
    "another key": (
        lambda folder: (folder / "result.note").write_bytes(
            sign_note((folder / "result.json").read_text() + "\n", SigningKey.new(KEY.name))
        ),
        "has no signature of the key votes.example.org",
    ),
    "an event": (
        lambda folder: (folder / "events.json").write_text(
            renamed((folder / "events.json").read_bytes())
        ),
        r"events\[0\].sha256",
    ),
    "a truncated file": (
        lambda folder: changed(folder, "partition-0002.evidence", b"\xff", b""),
        "partition-0002.evidence: ",
    ),
}


def forged(note: bytes) -> bytes:
    """Return the note with another signature of the same key."""
    text, _, line = note.rpartition(b"\n\n")
    other = sign_note("something else\n", KEY).rpartition(b"\n\n")[2]
    assert other != line
    return text + b"\n\n" + other


def renamed(events: bytes) -> str:
    """Return the events with another name in the definition."""
    document = json.loads(events)
    value = base64.b64decode(document["events"][0]["value"])
    value = value.replace(b"Joni Mitchell", b"Joan Mitchell")
    document["events"][0]["value"] = base64.b64encode(value).decode()
    return json.dumps(document)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_each_forgery_is_found(folder: Path, forgery: str) -> None:
    forge, said = FORGERIES[forgery]
    forge(folder)
    report = checked(folder)
    assert report.failed
    assert any(_finds(said, text) for text in report.failed), report.failed
    assert main([str(folder), "--key", PUBLIC]) == 1


def test_a_result_with_rulings_holds(tmp_path: Path) -> None:
    poll = ruled_example()
    document = poll.write(tmp_path)
    report = checked(tmp_path)
    assert report.failed == []
    assert [one["number"] for one in document["rulings"]] == [1, 3, 2]
    taken = [one["votes"] for one in document["rulings"]]
    assert min(taken) > 0
    assert document["excluded"] == sum(taken)
    assert document["counted"] == document["votes"] + document["strays"] + sum(taken)
    said = "\n".join(report.proved)
    assert f"ruling 1 excludes {taken[0]} votes, as said: 'Made by a program'" in said
    assert "proposed by ana and approved by ben" in said
    assert any("the trees do not have these times" in text for text in report.unproved)
    [text] = [one for one in checked(tmp_path, ids(poll.ledger[0])[0]).proved if "vote " in one]
    assert "ruling 1 excludes it" in text


def swapped(events: bytes, at: int, change: bytes, other: bytes) -> str:
    """Return the events with bytes of one of them replaced."""
    document = json.loads(events)
    value = base64.b64decode(document["events"][at]["value"])
    assert change in value
    document["events"][at]["value"] = base64.b64encode(value.replace(change, other)).decode()
    return json.dumps(document)


def rewritten(folder: Path, at: int, change: bytes, other: bytes) -> None:
    events = (folder / "events.json").read_bytes()
    (folder / "events.json").write_text(swapped(events, at, change, other))
    write_manifest(folder)


RULINGS_FORGED: Final[dict[str, tuple[Callable[[Path], Any], str]]] = {
    "its votes": (
        lambda folder: resigned(folder, lambda one: one["rulings"][0].update(votes=1)),
        r"rulings\[0\].votes: published 1, recounted",
    ),
    "a sum that it took": (
        lambda folder: resigned(folder, lambda one: one["rulings"][1].update(rank_sum=9)),
        r"rulings\[1\].rank_sum: published 9",
    ),
    "left out": (
        lambda folder: resigned(folder, lambda one: one["rulings"].pop()),
        "rulings: published",
    ),
    "its reason": (
        lambda folder: resigned(folder, lambda one: one["rulings"][0].update(reason="x")),
        r"rulings\[0\].reason",
    ),
    "its reach": (
        lambda folder: resigned(
            folder, lambda one: one["rulings"][0].update(proposed_at_ms=ARRIVED_AT - 1)
        ),
        "recounted",
    ),
    "who approved it": (
        lambda folder: rewritten(folder, 6, b'"\x03ben', b'"\x03ana'),
        "ruling 1 was approved by ana, who proposed it",
    ),
    "whom it is about": (lambda folder: rewritten(folder, 5, b"\x10\x01", b"\x10\x02"), "sha256"),
    "a time": (
        lambda folder: changed(
            folder,
            "partition-0000.evidence",
            (ARRIVED_AT + 4).to_bytes(8),
            (ARRIVED_AT + 9).to_bytes(8),
        ),
        "recounted",
    ),
}


@pytest.mark.parametrize("forgery", RULINGS_FORGED)
def test_each_forgery_of_a_ruling_is_found(tmp_path: Path, forgery: str) -> None:
    ruled_example().write(tmp_path)
    forge, said = RULINGS_FORGED[forgery]
    forge(tmp_path)
    report = checked(tmp_path)
    assert any(_finds(said, text) for text in report.failed), report.failed


def _finds(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


def test_checkpoints_of_the_notary_must_agree(tmp_path: Path) -> None:
    poll = example()
    poll.write(tmp_path)
    for partition, size in ((0, 0), (0, 5), (0, 16), (1, 9), (2, 3)):
        poll.checkpoint(tmp_path, partition, size)
    report = checked(tmp_path)
    assert report.failed == []
    assert sum("while the vote was on" in text for text in report.proved) == 5
    # The notary signed these two records the other way round: somebody changed the ledger since.
    poll.ledger[2][0], poll.ledger[2][1] = poll.ledger[2][1], poll.ledger[2][0]
    poll.checkpoint(tmp_path, 2, 4)
    [said] = checked(tmp_path).failed
    assert "the notary signed another root for the first 4 records of partition 2" in said


def test_checkpoints_that_prove_nothing_are_told(tmp_path: Path) -> None:
    poll = example()
    poll.write(tmp_path)
    poll.ledger[1].append((b"later", b"record"))
    poll.checkpoint(tmp_path, 1, 10)
    report = checked(tmp_path)
    assert report.failed == []
    assert any("is larger than the evidence" in text for text in report.unproved)
    changed(tmp_path, "checkpoint-1-10.note", b"/1", b"/2")
    assert "the signature is wrong" in checked(tmp_path).failed[0]


def test_each_vote_is_found_by_its_id(tmp_path: Path) -> None:
    poll = example()
    poll.write(tmp_path)
    vote_ids = ids(poll.ledger[0])

    def said(at: int) -> list[str]:
        report = checked(tmp_path, vote_ids[at])
        return [text for text in report.proved + report.failed if text.startswith("vote ")]

    [counted] = said(1)
    assert "record 1: it is counted (entry rumours, rank 2)" in counted
    assert ["it is counted" in text for text in said(2)] == [True, False]
    assert "record 8: a copy" in said(2)[1]
    assert "NOT a vote of this poll" in said(9)[0]
    report = checked(tmp_path, new_vote_id(0))
    assert "no record before the cut has this id" in report.failed[-1]


def test_a_record_that_took_an_id_before_must_be_revealed(folder: Path) -> None:
    data = (folder / "partition-0000.evidence").read_bytes()
    at = data.rindex(b"\x02\x00\x00\x00\x00\x00\x00\x00\x0c")
    (folder / "partition-0000.evidence").write_bytes(data[:at] + b"\xff")
    write_manifest(folder)
    assert "is that of an earlier record which is not shown" in checked(folder).failed[0]
    other = data.replace(data[at + 11 : at + 47], new_vote_id(0).encode())
    (folder / "partition-0000.evidence").write_bytes(other)
    assert any("is not the one that is hidden there" in one for one in checked(folder).failed)


def test_a_record_that_is_no_vote_must_not_be_shown_as_one(tmp_path: Path) -> None:
    poll = example()
    poll.write(tmp_path)
    key, value = record_of(vote_with(id=new_vote_id(0), poll="other", entry="a", poll_event=1))
    item = shown(ARRIVED_AT, key or b"", value or b"")
    changed(tmp_path, "partition-0000.evidence", HEADER, HEADER + item)
    assert "record 0 is shown as a vote of the poll and is none" in checked(tmp_path).failed[0]


def test_the_key_must_come_from_elsewhere(folder: Path) -> None:
    report = verify(folder, None)
    assert report.failed == []
    assert any("it came with the evidence" in text for text in report.unproved)
    assert verify(folder, PUBLIC[:-4] + "AAA=").failed[0].startswith("public key: ")


def test_what_cannot_be_read_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "manifest.json").unlink()
    assert main([str(folder), "--key", PUBLIC]) == 2
    assert "cannot read the evidence" in capsys.readouterr().err


def test_it_runs_alone_on_a_plain_python(folder: Path) -> None:
    program = Path(sys.modules["verify.verify_result"].__file__ or "")
    # Isolated: no folder of ours and no packages can be imported.
    ran = subprocess.run(
        [sys.executable, "-I", "-S", program, folder, "--key", PUBLIC],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("The result holds.\n")
    compile(program.read_text(), "verify_result.py", "exec", dont_inherit=True)
