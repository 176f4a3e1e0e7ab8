import itertools

from voting.service.backoff import Backoff


def test_pauses_grow_up_to_the_longest_and_start_over_after_a_reset() -> None:
    backoff = Backoff(0.3, 5, chance=lambda: 1)
    assert [backoff.pause() for _ in range(7)] == [0.3, 0.6, 1.2, 2.4, 4.8, 5, 5]
    backoff.reset()
    assert backoff.pause() == 0.3


def test_pauses_vary_and_none_is_shorter_than_half_its_limit() -> None:
    backoff = Backoff(5, 5)
    pauses = [backoff.pause() for _ in range(100)]
    assert all(2.5 <= pause <= 5 for pause in pauses)
    assert any(a != b for a, b in itertools.pairwise(pauses))
