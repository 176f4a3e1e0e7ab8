import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.domain.vote import (
    CAST_AT_MAX_MS,
    RESIDUES,
    InvalidVoteError,
    Vote,
    arrival,
    check_new_vote,
    check_vote,
    clean_id,
    clean_new_id,
    clean_text,
    new_vote_id,
    partition_of,
)
from voting.testing.examples import VOTE, vote_with

NIL, MAX = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"


@pytest.mark.parametrize("check", [check_vote, check_new_vote])
def test_a_correct_vote_passes(check: Callable[[Vote], Vote]) -> None:
    assert check(VOTE) is VOTE


@pytest.mark.parametrize("check", [check_vote, check_new_vote])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "no-uuid"),
        ("id", VOTE.id.upper()),
        ("name", ""),
        ("name", " padded "),
        ("name", "x" * 201),
        ("name", "tab\there"),
        ("album", "e\u0301"),  # not composed
        ("year", 1899),
        ("year", 2101),
        ("rank", 0),
        ("rank", 101),
        ("cast_at_ms", -1),
    ],
)
def test_a_wrong_field_is_named(check: Callable[[Vote], Vote], field: str, value: object) -> None:
    with pytest.raises(InvalidVoteError) as caught:
        check(vote_with(**{field: value}))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", NIL),
        ("id", MAX),
        ("name", "Sigur Rós\u200b"),
        ("name", "\u3164"),
        ("album", "\u2800"),
        ("album", "x" + "\u0300" * 5),
        ("album", "a\u2028b"),
    ],
)
def test_a_vote_that_only_older_versions_accepted_still_counts(field: str, value: str) -> None:
    vote = vote_with(**{field: value})
    assert check_vote(vote) is vote
    with pytest.raises(InvalidVoteError) as caught:
        check_new_vote(vote)
    assert caught.value.field == field


def test_text_is_trimmed_and_composed() -> None:
    assert clean_text("name", "  Beyonce\u0301\n") == "Beyoncé"


def test_text_may_have_200_characters_after_trimming() -> None:
    assert len(clean_text("name", " " + "ñ" * 200 + " ")) == 200


@pytest.mark.parametrize("text", ["a\x00b", "a\x7fb", "a\u0085b", "\ud800"])
def test_control_characters_and_lone_surrogates_are_refused(text: str) -> None:
    with pytest.raises(InvalidVoteError):
        clean_text("name", text)


def test_unusual_but_harmless_characters_are_kept() -> None:
    assert clean_text("name", "Sigur Rós \U0001f3b5 عمرو") == "Sigur Rós \U0001f3b5 عمرو"


def test_an_id_may_come_in_upper_case() -> None:
    assert clean_id(VOTE.id.upper()) == VOTE.id
    assert clean_new_id(VOTE.id.upper()) == VOTE.id


@pytest.mark.parametrize("vote_id", [NIL, MAX.upper()])
def test_the_nil_and_the_max_uuid_are_refused(vote_id: str) -> None:
    with pytest.raises(InvalidVoteError, match="id: must not be the nil or the max UUID"):
        clean_new_id(vote_id)


@given(st.integers(0, RESIDUES - 1))
def test_a_new_id_has_the_wanted_residue_and_is_a_uuid7(residue: int) -> None:
    vote_id = new_vote_id(residue)
    assert clean_id(vote_id) == vote_id
    parsed = uuid.UUID(vote_id)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int % RESIDUES == residue


@given(st.integers(1, 100), st.data())
def test_a_new_id_falls_into_the_requested_partition(lanes: int, data: st.DataObject) -> None:
    lane = data.draw(st.integers(0, lanes - 1))
    assert partition_of(new_vote_id(lane), lanes) == lane


def test_foreign_ids_spread_evenly_over_the_partitions() -> None:
    counts = [0] * 6
    for _ in range(6000):
        counts[partition_of(str(uuid.uuid4()), 6)] += 1
    assert min(counts) > 800


def test_ids_that_differ_only_in_their_time_spread_evenly() -> None:
    """Like UUIDv1, whose last 62 bits are the same for all ids of a machine."""
    ids = [f"{n:08x}-0000-1000-8000-00000000abcd" for n in range(6000)]
    counts = [0] * 6
    for vote_id in ids:
        counts[partition_of(vote_id, 6)] += 1
    assert min(counts) > 800


def test_new_ids_differ() -> None:
    assert len({new_vote_id(0) for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("timestamp", [-1, CAST_AT_MAX_MS + 1])
def test_a_vote_arrived_when_it_was_cast_if_kafka_has_no_time(timestamp: int) -> None:
    assert arrival(VOTE, 0) == 0
    assert arrival(VOTE, CAST_AT_MAX_MS) == CAST_AT_MAX_MS
    assert arrival(VOTE, timestamp) == VOTE.cast_at_ms
