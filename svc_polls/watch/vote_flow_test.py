import pytest

from svc_polls.watch.vote_flow import Rate, lag_of


def test_a_rate_is_known_from_the_second_reading_on() -> None:
    rate = Rate()
    assert rate.add(100.0, 5_000) is None
    assert rate.add(101.0, 5_030) == 30
    assert rate.add(102.0, 5_030) == 15


def test_a_rate_forgets_what_is_long_ago() -> None:
    rate = Rate()
    rates = [rate.add(float(second), 100 * min(second, 5)) for second in range(20)]
    assert rates[5] == 100
    assert rates[-1] == 0


def test_a_topic_that_was_replaced_has_no_negative_rate() -> None:
    rate = Rate()
    rate.add(1.0, 1_000)
    assert rate.add(2.0, 10) is None
    assert rate.add(3.0, 20) == 10


@pytest.mark.parametrize(
    ("ends", "counted", "lag"),
    [
        ((10, 5), {0: 10, 1: 5}, 0),
        ((10, 5), {0: 7, 1: 5}, 3),
        ((10, 5), {0: 10}, 5),
        ((10, 5), {0: 10, 1: -1}, 5),
        ((10,), {0: 12}, 0),
        ((10,), {}, None),
    ],
)
def test_the_lag_is_what_lies_behind_what_was_counted(
    ends: tuple[int, ...], counted: dict[int, int], lag: int | None
) -> None:
    assert lag_of(ends, counted) == lag
