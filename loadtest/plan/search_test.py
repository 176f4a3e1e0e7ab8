import pytest

from loadtest.plan.search import Search


def found(limit: float, start: float, highest: float = 20_000.0) -> tuple[Search, list[float]]:
    """Search for a limit; return the finished search and the rates it tried."""
    search, tried = Search(start, highest), []
    while (rate := search.next()) is not None:
        tried.append(rate)
        search.note(passed=rate <= limit)
    return search, tried


@pytest.mark.parametrize("limit", [7.0, 130.0, 400.0, 999.0, 12_345.0])
@pytest.mark.parametrize("start", [10.0, 400.0])
def test_the_limit_is_found_from_above_and_from_below(limit: float, start: float) -> None:
    search, tried = found(limit, start)
    assert search.passed is not None
    assert search.failed is not None
    assert search.passed <= limit < search.failed <= 1.12 * search.passed
    assert len(tried) < 40


def test_what_never_fails_ends_at_the_highest_rate() -> None:
    search, tried = found(1e9, 400.0, highest=2000.0)
    assert (search.passed, search.failed) == (2000.0, None)
    assert tried == [400.0, 600.0, 900.0, 1350.0, 2000.0]


def test_what_never_passes_ends_at_one_a_second() -> None:
    search, tried = found(0.0, 3.0)
    assert (search.passed, search.failed) == (None, 1.0)
    assert tried[-1] == 1.0


def test_one_bad_moment_does_not_count() -> None:
    search = Search(400.0, 20_000.0)
    search.note(passed=False)
    assert search.next() == 400.0
    search.note(passed=True)
    assert search.passed == 400.0
    search.note(passed=False)
    assert search.failed is None
    search.note(passed=False)
    assert search.failed == 600.0
