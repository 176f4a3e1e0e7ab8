from itertools import pairwise
from random import Random

import pytest

from loadtest.model.arrivals import Arrivals, Pattern


def arrivals(pattern: Pattern, **changes: float) -> Arrivals:
    settings = {"rate": 8.0, "warm_up": 0.0, "seconds": 1.0, "limit": 1_000_000} | changes
    return Arrivals(
        pattern,
        rate=settings["rate"],
        warm_up=settings["warm_up"],
        seconds=settings["seconds"],
        limit=int(settings["limit"]),
        random=Random(1),
    )


def take_all(schedule: Arrivals, now: float = -10.0) -> list[float]:
    times = []
    while (arrival := schedule.take(now)) is not None:
        times.append(arrival.at)
    return times


def test_constant_arrivals_are_evenly_spaced_from_the_warm_up_to_the_end() -> None:
    times = take_all(arrivals(Pattern.CONSTANT, warm_up=0.5))
    assert times == pytest.approx([number / 8 - 0.5 for number in range(12)])


def test_poisson_arrivals_come_at_the_rate_and_irregularly() -> None:
    times = take_all(arrivals(Pattern.POISSON, rate=1000.0, seconds=20.0))
    assert len(times) == pytest.approx(20_000, rel=0.03)
    gaps = [b - a for a, b in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps) / len(gaps)
    assert variance == pytest.approx(mean**2, rel=0.1)  # an exponential distribution's


def test_the_schedule_does_not_wait_for_a_user() -> None:
    schedule = arrivals(Pattern.CONSTANT)
    first = schedule.take(0.45)
    second = schedule.take(0.05)
    assert first is not None
    assert second is not None
    assert (first.at, first.queued) == (0.0, True)
    assert (second.at, second.queued) == (0.125, False)


def test_a_closed_loop_sends_when_a_user_is_free() -> None:
    arrival = arrivals(Pattern.CLOSED).take(0.45)
    assert arrival is not None
    assert (arrival.at, arrival.queued) == (0.45, False)


@pytest.mark.parametrize("pattern", list(Pattern))
def test_nothing_is_sent_after_the_end_however_much_is_due(pattern: Pattern) -> None:
    assert arrivals(pattern).take(1.0) is None


def test_what_was_due_and_not_sent_is_counted() -> None:
    schedule = arrivals(Pattern.CONSTANT)
    schedule.take(0.0)
    assert schedule.take(1.0) is None
    assert schedule.unsent() == 7
    assert schedule.unsent() == 0


def test_the_load_is_bounded_in_count() -> None:
    assert len(take_all(arrivals(Pattern.CONSTANT, limit=3))) == 3
    assert len(take_all(arrivals(Pattern.CLOSED, limit=3))) == 3


def test_a_closed_schedule_has_no_more_arrivals() -> None:
    schedule = arrivals(Pattern.CONSTANT)
    schedule.close()
    assert schedule.take(0.0) is None
    assert schedule.unsent() == 0
