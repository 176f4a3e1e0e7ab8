import asyncio
import logging

import pytest

from svc_results.feed import source as source_module
from svc_results.feed.source import Source
from voting.stores.errors import StoreUnavailableError


class Answers:
    """A store that returns or raises these answers in turn."""

    def __init__(self, *answers: int | Exception) -> None:
        self._answers = list(answers)

    async def read(self) -> int:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def away() -> StoreUnavailableError:
    return StoreUnavailableError("Redis", OSError("10.0.0.7:6379 refused"))


async def test_a_successful_reading_gives_the_value() -> None:
    source = Source("Redis", Answers(1, 2).read)
    assert source.problem == "Redis has not answered yet"
    assert await source.refresh()
    assert await source.refresh()
    assert source.value == 2


async def test_an_outage_is_logged_once_and_its_address_is_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    source = Source("Redis", Answers(1, away(), away(), 2).read)
    results = [await source.refresh() for _ in range(3)]
    assert results == [True, False, False]
    assert source.value == 1
    assert source.problem == "Redis is not responding"
    assert await source.refresh()
    assert source.value == 2
    assert source.problem is None
    assert [record.getMessage() for record in caplog.records] == [
        "Redis is not responding: 10.0.0.7:6379 refused",
        "Redis is responding again",
    ]


async def test_unreadable_data_is_a_problem_of_its_own() -> None:
    source = Source("Redis", Answers(ValueError("field v:?")).read)
    assert not await source.refresh()
    assert source.problem == "Redis holds unreadable data"


async def test_reading_a_hanging_store_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "TIMEOUT_SECONDS", 0.01)

    async def hang() -> int:
        await asyncio.Event().wait()
        return 0

    source = Source("Redis", hang)
    assert not await source.refresh()
    assert source.problem == "Redis is not responding"
