"""Receipts over sockets: what they say, what they prove, and what they never contain."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from svc_notary.testing.records import KEY
from svc_notary.testing.serving import PARTITION, Served, serve_notary
from voting.merkle.checkpoint import read_checkpoint
from voting.merkle.hashes import leaf_hash
from voting.merkle.proofs import verify_inclusion
from voting.polls.event import Approve, Close, Cut, Open, Propose, Publish
from voting.polls.ruling import Between, Lift, Selection, vote_ids
from voting.signing.note import open_note
from voting.stores.logged_vote import LoggedVote
from voting.testing.examples import vote_with
from voting.testing.polls import POLL, PollLog

NOBODYS = "018f0000-0000-7000-8000-000000000000"
VOTES = [
    vote_with(id=f"018f0000-0000-7000-8000-{at:012d}", rank=at % 100 + 1) for at in range(1, 301)
]

type Scenario = Callable[[Served], Awaitable[None]]


def run(
    folder: Path, scenario: Scenario, polls: PollLog | None = None, *, fresh: bool = True
) -> None:
    async def served() -> None:
        async with serve_notary(folder, polls, fresh=fresh) as found:
            await scenario(found)

    asyncio.run(served())


def proved(answer: httpx.Response) -> dict[str, Any]:
    """Return a receipt whose proof has been checked, as anybody can with the public key."""
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    leaf, proof = receipt["leaf"], receipt["proof"]
    checkpoint = read_checkpoint(open_note(proof["checkpoint"].encode(), KEY.verifier))
    hashed = leaf_hash(leaf["offset"], leaf["key"].encode(), b64decode(leaf["value"]))
    hashes = [b64decode(one) for one in proof["hashes"]]
    assert leaf["key"] == receipt["id"]
    assert b64decode(leaf["hash"]) == hashed
    assert checkpoint.origin == f"{KEY.name}/{receipt['partition']}"
    assert proof["of"] == checkpoint.size
    assert proof["number"] == leaf["offset"] + 1
    assert verify_inclusion(hashed, leaf["offset"], checkpoint.size, hashes, checkpoint.root)
    return receipt


def test_every_vote_is_proved_and_says_its_number(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        served.record(*VOTES)
        served.tree.publish()
        for number, vote in enumerate(VOTES, start=1):
            receipt = proved(await served.ask(f"/api/receipts/{vote.id.upper()}"))
            assert (receipt["status"], receipt["final"]) == ("counted", False)
            assert receipt["proof"]["number"] == number
            assert receipt["proof"]["of"] == len(VOTES)
            assert (
                await served.ask(f"/api/receipts/{receipt['short_id'].lower()}")
            ).json() == receipt
            assert receipt["vote"]["rank"] == vote.rank

    run(tmp_path, scenario)


def test_a_vote_counts_before_a_checkpoint_covers_it(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        for _ in range(2):  # no checkpoint yet, then one that does not cover it
            served.record(vote_with(id=VOTES[0].id))
            receipt = (await served.ask(f"/api/receipts/{VOTES[0].id}")).json()
            assert (receipt["status"], receipt["proof"]) == ("counted", None)
            served.vote_log.votes.clear()
            served.tree.publish()

    run(tmp_path, scenario)


def test_of_several_copies_the_receipt_is_about_the_one_that_counts(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        first, second = VOTES[0], vote_with(id=VOTES[0].id, rank=99)
        served.record(VOTES[1], first, second, first)
        served.tree.publish()
        receipt = proved(await served.ask(f"/api/receipts/{first.id}"))
        assert receipt["leaf"]["offset"] == 1
        assert receipt["vote"]["rank"] == first.rank

    run(tmp_path, scenario)


@pytest.mark.parametrize(("vote_id", "status"), [(NOBODYS, 404), ("not-an-id", 422)])
def test_an_id_that_nobody_voted_with_has_no_receipt(
    tmp_path: Path, vote_id: str, status: int
) -> None:
    async def scenario(served: Served) -> None:
        served.record(*VOTES[:3])
        served.tree.publish()
        answer = await served.ask(f"/api/receipts/{vote_id}")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        page = await served.ask(f"/receipts/{vote_id}")
        assert page.status_code == status
        assert "<h1" in page.text

    run(tmp_path, scenario)


def test_odd_ids_are_refused_and_not_shown(tmp_path: Path) -> None:
    odd = [
        "9" * 5000,
        "%00",
        "%ff%fe",
        "%3Cscript%3E",
        "..%2f..%2fcheckpoint",
        "%D9%A9" * 16,
        "00000000-0000-0000-0000-000000000000",
    ]

    async def scenario(served: Served) -> None:
        for vote_id in odd:
            assert (await served.ask(f"/api/receipts/{vote_id}")).status_code == 422
            page = await served.ask(f"/receipts/{vote_id}")
            assert page.status_code == 422
            assert "<script>" not in page.text

    run(tmp_path, scenario)


def _polls(*, cut: int | None, published: bool = False) -> PollLog:
    log = PollLog()
    log.define(1)
    log.append(Open(), 2)
    if cut is not None:
        log.append(Close(None), 3)
        log.append(Cut((0, 0, 0, cut)), 100_000)
    if published:
        log.append(Publish(b"{}"), 100_001)
    return log


@pytest.mark.parametrize(
    ("cut", "expected"),
    [(None, ("counted", False)), (2, ("counted", True)), (1, ("not_counted", True))],
)
def test_behind_the_cut_of_its_poll_a_vote_does_not_count(
    tmp_path: Path, cut: int | None, expected: tuple[str, bool]
) -> None:
    async def scenario(served: Served) -> None:
        vote = vote_with(id=VOTES[0].id, poll=POLL, entry="moon", poll_event=2)
        served.record(VOTES[1], vote)
        served.tree.publish()
        receipt = proved(await served.ask(f"/api/receipts/{vote.id}"))
        assert (receipt["status"], receipt["final"]) == expected

    run(tmp_path, scenario, _polls(cut=cut))


@pytest.mark.parametrize(
    ("cut", "published", "status"), [(None, False, 503), (2, False, 503), (2, True, 200)]
)
def test_without_the_newest_events_only_a_published_result_is_sure(
    tmp_path: Path, cut: int | None, published: bool, status: int
) -> None:
    async def scenario(served: Served) -> None:
        served.record(VOTES[1], vote_with(id=VOTES[0].id, poll=POLL, entry="moon", poll_event=2))
        served.tree.publish()
        assert (await served.ask(f"/api/receipts/{VOTES[0].id}")).status_code == status
        assert (await served.ask(f"/api/receipts/{VOTES[1].id}")).status_code == 200

    run(tmp_path, scenario, _polls(cut=cut, published=published), fresh=False)


def _ruled(*selections: Selection) -> PollLog:
    log = _polls(cut=None)
    for number, selection in enumerate(selections, 1):
        log.append(Propose(selection, f"Why {number}"), 10)
        log.append(Approve(number), 11, author="rea")
    return log


async def _receipt_of(served: Served, arrived_at_ms: int) -> dict[str, Any]:
    vote = vote_with(id=VOTES[0].id, poll=POLL, entry="moon", poll_event=2)
    served.record(VOTES[1], vote)
    served.tree.publish()
    logged = served.vote_log.votes[vote.id]
    served.vote_log.votes[vote.id] = LoggedVote(vote, logged.place, arrived_at_ms)
    return proved(await served.ask(f"/api/receipts/{vote.id}"))


BY_ID = vote_ids([UUID(VOTES[0].id).bytes])


@pytest.mark.parametrize(
    ("selections", "arrived_at_ms", "expected"),
    [
        ((BY_ID,), 10, ("excluded", {"ruling": 1, "reason": "Why 1"})),
        ((BY_ID,), 11, ("counted", None)),
        ((Between(1, 5), BY_ID), 4, ("excluded", {"ruling": 1, "reason": "Why 1"})),
        ((Between(1, 5), BY_ID), 5, ("excluded", {"ruling": 2, "reason": "Why 2"})),
        ((BY_ID, Lift(1)), 10, ("counted", None)),
    ],
)
def test_an_excluded_vote_says_by_which_ruling_and_why(
    tmp_path: Path, selections: tuple[Selection, ...], arrived_at_ms: int, expected: Any
) -> None:
    async def scenario(served: Served) -> None:
        receipt = await _receipt_of(served, arrived_at_ms)
        assert (receipt["status"], receipt["exclusion"]) == expected

    run(tmp_path, scenario, _ruled(*selections))


def test_a_vote_behind_the_cut_is_excluded_by_nothing(tmp_path: Path) -> None:
    log = _ruled(BY_ID)
    log.append(Close(None), 12)
    log.append(Cut((0, 0, 0, 1)), 100_000)

    async def scenario(served: Served) -> None:
        receipt = await _receipt_of(served, 9)
        assert (receipt["status"], receipt["exclusion"]) == ("not_counted", None)

    run(tmp_path, scenario, log)


def test_the_page_of_an_excluded_vote_says_why(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        receipt = await _receipt_of(served, 9)
        page = (await served.ask(f"/receipts/{receipt['id']}")).text
        assert "does not count: the organisers excluded it by ruling 1." in page
        assert "<bdi>Why 1</bdi>" in page

    run(tmp_path, scenario, _ruled(BY_ID))


def test_a_vote_log_that_was_changed_is_noticed(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        served.record(*VOTES[:3])
        served.tree.publish()
        logged = served.vote_log.votes[VOTES[1].id]
        changed = type(logged)(vote_with(id=VOTES[1].id, rank=100), logged.place, 0)
        served.vote_log.votes[VOTES[1].id] = changed
        answer = await served.ask(f"/api/receipts/{VOTES[1].id}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "100" not in answer.json()["detail"]
        metrics = (await served.ask("/metrics")).text
        assert "svc_notary_differing_total 0.0" not in metrics

    run(tmp_path, scenario)


def test_damaged_tiles_prove_nothing(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        served.record(*VOTES)
        served.tree.publish()
        (served.store.folder / "tile/0/001.p/44").write_bytes(bytes(44 * 32))
        assert (await served.ask(f"/api/receipts/{VOTES[0].id}")).status_code == 503

    run(tmp_path, scenario)


def test_without_the_vote_log_the_trees_are_still_served(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        served.record(*VOTES[:3])
        served.tree.publish()
        served.vote_log.away = True
        for path in (f"/api/receipts/{VOTES[0].id}", f"/receipts/{VOTES[0].id}"):
            assert (await served.ask(path)).status_code == 503
        assert (await served.ask(f"/notary/{PARTITION}/checkpoint")).status_code == 200

    run(tmp_path, scenario)


def test_a_receipt_has_nothing_of_other_votes(tmp_path: Path) -> None:
    async def scenario(served: Served) -> None:
        votes = [vote_with(id=vote.id, album=f"Album {at}") for at, vote in enumerate(VOTES[:9])]
        served.record(*votes)
        served.tree.publish()
        for path in ("/api/receipts/", "/receipts/"):
            text = (await served.ask(path + votes[4].id)).text
            assert "Album 4" in text
            for other in votes[:4] + votes[5:]:
                assert other.id not in text
                assert other.album not in text
        assert set(json.loads((await served.ask(f"/api/receipts/{votes[4].id}")).text)) == {
            *(
                "id",
                "short_id",
                "status",
                "final",
                "exclusion",
                "vote",
                "partition",
                "leaf",
                "proof",
            )
        }

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Your vote is number 2 of 3 in part 3 of the record: counted."),
        ("es", "Tu voto es el número 2 de 3 en la parte 3 del registro: contado."),
    ],
)
def test_the_page_says_it_in_words(tmp_path: Path, language: str, said: str) -> None:
    async def scenario(served: Served) -> None:
        served.record(*VOTES[:3])
        served.tree.publish()
        page = await served.ask(f"/receipts/{VOTES[1].id}", **{"accept-language": language})
        assert said in page.text
        assert page.headers["content-language"] == language
        assert page.headers["cache-control"] == "no-store"
        assert "script-src 'self'" in page.headers["content-security-policy"]
        style = page.text.partition('stylesheet" href="')[2].partition('"')[0]
        assert (await served.ask(style)).status_code == 200

    run(tmp_path, scenario)
