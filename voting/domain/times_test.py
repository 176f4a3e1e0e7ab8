import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.domain.times import from_rfc3339, to_rfc3339


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-12-31T20:00:00.000Z", 1_798_747_200_000),
        ("2026-12-31t20:00:00.5z", 1_798_747_200_500),
        ("2026-12-31T21:00:00.001+01:00", 1_798_747_200_001),
        ("2026-12-31T20:00:00.001000000Z", 1_798_747_200_001),
    ],
)
def test_a_time_is_read_to_the_millisecond(text: str, time_ms: int) -> None:
    assert from_rfc3339(text) == time_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-12-31",
        "2026-12-31T20:00:00",
        "2026-12-31 20:00:00Z",
        "2026-12-31T20:00Z",
        "2026-12-31T20:00:00.Z",
        "2026-12-31T20:00:00.0001Z",
        "2026-02-30T20:00:00Z",
        "2026-12-31T24:00:01Z",
        "2026-12-31T20:00:00+25:00",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00+01:00",
        "２026-12-31T20:00:00Z",
        "2026-12-31T20:00:00Z" * 1_000_000,
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must "):
        from_rfc3339(text)


@given(st.integers(0, 253_402_300_799_999))
def test_a_written_time_is_read_back(time_ms: int) -> None:
    assert from_rfc3339(to_rfc3339(time_ms)) == time_ms
