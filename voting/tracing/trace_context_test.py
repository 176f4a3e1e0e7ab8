import pytest

from voting.tracing.trace_context import if_sampled, read_traceparent, span_id_of, trace_id_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def test_a_valid_traceparent_is_read() -> None:
    assert read_traceparent(GOOD) == GOOD
    assert (trace_id_of(GOOD), span_id_of(GOOD)) == (TRACE, SPAN)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-xyz",
        GOOD.upper(),
        f"{GOOD}-00",
        f"01-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_any_other_is_not(header: str | None) -> None:
    assert read_traceparent(header) is None


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("02", False)])
def test_the_lowest_flag_says_whether_it_is_sampled(flags: str, sampled: bool) -> None:
    traceparent = f"00-{TRACE}-{SPAN}-{flags}"
    assert if_sampled(traceparent) == (traceparent if sampled else None)


def test_no_traceparent_is_not_sampled() -> None:
    assert if_sampled(None) is None
