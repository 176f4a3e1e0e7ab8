from collections.abc import Callable, Iterator

import pytest

from harness.processes.errors import ServerError
from harness.processes.waiting import until, usual_seconds, wait_until


def true_at_call(number: int) -> Callable[[], bool]:
    calls = iter(range(1, number + 1))
    return lambda: next(calls) == number


def test_waiting_ends_as_soon_as_the_condition_holds() -> None:
    pauses: list[float] = []
    wait_until(true_at_call(4), "the fourth call", pause=pauses.append)
    assert pauses == [0.001, 0.002, 0.004]


def test_pauses_grow_to_a_twentieth_of_a_second() -> None:
    pauses: list[float] = []
    wait_until(true_at_call(20), "the twentieth call", pause=pauses.append)
    assert max(pauses) == 0.05


def test_the_error_names_what_did_not_happen() -> None:
    with pytest.raises(ServerError, match=r"not within 0\.01 s: a miracle"):
        wait_until(lambda: False, "a miracle", 0.01, error=ServerError)


def test_the_error_can_describe_the_last_state() -> None:
    seen: list[int] = []
    with pytest.raises(AssertionError, match=r"not within 0\.01 s: 3 calls, not \d+"):
        wait_until(lambda: seen.append(1), lambda: f"3 calls, not {len(seen)}", 0.01)


async def test_functions_and_coroutine_functions_can_be_awaited() -> None:
    third = true_at_call(3)

    async def holds() -> bool:
        return third()

    await until(holds)
    await until(true_at_call(3))


async def test_awaiting_fails_when_the_time_is_over() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.01 s: a miracle"):
        await until(lambda: False, "a miracle", 0.01)


def test_one_long_pause_in_five_does_not_change_what_a_step_usually_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("harness.processes.waiting.time.monotonic", lambda: now)
    first, second = iter([2, 1, 90, 3, 2]), iter([5, 5, 5, 5, 5])

    def taking(seconds: Iterator[int]) -> None:
        nonlocal now
        now += next(seconds)

    assert usual_seconds(lambda: taking(first), lambda: taking(second)) == [2, 5]
