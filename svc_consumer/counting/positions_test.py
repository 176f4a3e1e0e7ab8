import pytest

from svc_consumer.counting.positions import known_records, offset_of, position_at, seek_offset
from voting.stores.errors import NO_POSITION


def test_a_position_is_offset_and_key() -> None:
    assert position_at(12, b"019ab3c4") == "12:019ab3c4"
    assert offset_of("12:019ab3c4") == 12
    assert offset_of(NO_POSITION) == -1


@pytest.mark.parametrize("key", [None, b""])
def test_a_record_without_key_has_a_position(key: bytes | None) -> None:
    assert position_at(3, key) == "3:"


@pytest.mark.parametrize("key", [b"k" * 1_000_000, b"\xff\x00", b"a\nb", "ö".encode()])
def test_unprintable_and_long_keys_become_distinct_short_texts(key: bytes) -> None:
    position = position_at(3, key)
    assert len(position) < 80
    assert position.isprintable()
    assert position != position_at(3, key + b"x")


def test_reading_resumes_at_the_record_of_the_lower_position() -> None:
    assert seek_offset("12:a", "7:b") == 7
    assert seek_offset("12:a", NO_POSITION) == 0
    assert seek_offset(NO_POSITION, NO_POSITION) == 0


def test_known_records_are_those_at_both_positions() -> None:
    assert known_records("12:a", "7:b") == {12: "12:a", 7: "7:b"}
    assert known_records("12:a", NO_POSITION) == {12: "12:a"}
    assert known_records(NO_POSITION, NO_POSITION) == {}
