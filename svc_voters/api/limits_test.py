import pytest

from svc_voters.api.limits import Limits
from svc_voters.settings import VotersSettings
from voting.http.problem import ProblemError

HALL = (4, 1)
SETTINGS = VotersSettings(
    tokens_per_second=2, tokens_at_once=1_000, wrong_codes_per_second=0.1, wrong_codes_at_once=5
)


class Clock:
    """A clock that a test sets."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_of_a_million_wrong_codes_as_many_are_let_pass_as_the_limit_says() -> None:
    clock = Clock()
    limits = Limits(SETTINGS, clock)
    passed = 0
    for _ in range(1_000_000):
        clock.now += 0.001
        try:
            limits.count_wrong_code(HALL)
        except ProblemError:
            continue
        passed += 1
    assert 104 <= passed <= 106  # in 1,000 s


def test_a_refusal_says_when_to_come_again() -> None:
    clock = Clock()
    limits = Limits(SETTINGS, clock)
    for _ in range(5):
        limits.count_wrong_code(HALL)
    with pytest.raises(ProblemError) as caught:
        limits.count_wrong_code(HALL)
    assert caught.value.problem.status == 429
    assert caught.value.headers == {"retry-after": "10"}
    clock.now += 10
    limits.count_wrong_code(HALL)
    for _ in range(1_000):
        limits.ask(HALL)
    with pytest.raises(ProblemError) as caught:
        limits.ask(HALL)
    assert caught.value.headers == {"retry-after": "1"}


def test_a_hall_of_people_behind_one_address_is_let_in_at_once() -> None:
    limits = Limits(VotersSettings(), Clock())
    for _ in range(10_000):
        limits.ask(HALL)
