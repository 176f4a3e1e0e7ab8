from pathlib import Path

import numpy as np
import pytest

from loadtest.measure.figures import latency
from loadtest.measure.series import time_series
from loadtest.model.answer import Outcome
from loadtest.model.candidate import Candidate
from loadtest.testing.examples import accepted, failed, phase_of, stored
from voting.domain.vote import Route


def test_no_sample_no_latency() -> None:
    assert latency(np.array([])) is None


def test_a_percentile_needs_a_sample_beyond_it() -> None:
    nine, hundred, thousand = (latency(np.arange(1.0, n + 1)) for n in (9, 100, 1000))
    assert nine is not None
    assert hundred is not None
    assert thousand is not None
    assert (nine.p50, nine.p90, nine.p99) == (5.0, None, None)
    assert (hundred.p90, hundred.p99, hundred.p999) == (90.0, 99.0, None)
    assert (thousand.p999, thousand.max) == (999.0, 1000.0)


def test_the_curve_rises_from_the_fastest_to_the_slowest() -> None:
    figures = latency(np.arange(1.0, 1001.0))
    assert figures is not None
    percents, values = zip(*figures.curve, strict=True)
    assert list(percents) == sorted(percents)
    assert list(values) == sorted(values)
    assert (values[0], values[-1]) == (1.0, 999.0)


def test_the_warm_up_is_in_no_figure(tmp_path: Path) -> None:
    warm_up = [accepted(number, at=-0.5, latency=9.0) for number in range(10)]
    phase = phase_of([*warm_up, *(accepted(number) for number in range(10, 110))], tmp_path)
    assert (phase.requests, phase.warm_up_requests) == (100, 10)
    http = phase.routes[Route.HTTP].latency
    assert http is not None
    assert http.max == pytest.approx(5.0)
    assert phase.accepted_per_second == 100.0


def test_shares_are_of_the_answers_that_name_a_route(tmp_path: Path) -> None:
    samples = [accepted(number, Route.GRPC) for number in range(30)]
    samples += [accepted(number, Route.HTTP) for number in range(30, 40)]
    samples += [failed(number, Outcome.UNKNOWN, "timed out") for number in range(40, 45)]
    phase = phase_of(samples, tmp_path)
    assert {route: r.requests for route, r in phase.routes.items()} == {"grpc": 30, "http": 10}
    assert phase.routes[Route.GRPC].share == pytest.approx(0.75)
    assert phase.sent_per_second == 45.0


def test_errors_are_counted_by_kind_and_route_and_stay_out_of_the_latency(tmp_path: Path) -> None:
    samples = [
        accepted(1),
        failed(2, Outcome.UNKNOWN, "503 Service Unavailable", Route.HTTP),
        failed(3, Outcome.UNKNOWN, "503 Service Unavailable", Route.HTTP),
        failed(4, Outcome.REFUSED, "429 Too Many Requests", Route.GRPC),
        failed(5, Outcome.UNKNOWN, "timed out"),
    ]
    phase = phase_of(samples, tmp_path)
    found = [(error.kind, error.route, error.outcome, error.count) for error in phase.errors]
    assert found[0] == ("503 Service Unavailable", Route.HTTP, "unknown", 2)
    assert sorted(found[1:], key=str) == [
        ("429 Too Many Requests", Route.GRPC, "refused", 1),
        ("timed out", None, "unknown", 1),
    ]
    assert phase.routes[Route.GRPC].latency is None


def test_votes_that_went_the_other_way_are_counted(tmp_path: Path) -> None:
    samples = [accepted(1, Route.HTTP), accepted(2, Route.GRPC)]
    assert phase_of(samples, tmp_path, forced=Candidate.HTTP).elsewhere == 1
    assert phase_of(samples, tmp_path, forced=None).elsewhere == 0


def test_a_generator_that_is_late_or_out_of_cpu_is_the_limit(tmp_path: Path) -> None:
    on_time = [accepted(number) for number in range(100)]
    late = [accepted(number, lag=0.05) for number in range(100)]
    assert not phase_of(on_time, tmp_path).generator.limited
    assert phase_of(late, tmp_path).generator.limited
    assert phase_of(on_time, tmp_path, cpu_seconds=0.95).generator.limited


def test_votes_that_wait_for_a_user_do_not_make_the_generator_late(tmp_path: Path) -> None:
    samples = [accepted(number, lag=0.5, queued=True) for number in range(100)]
    generator = phase_of(samples, tmp_path, unsent=7).generator
    assert (generator.queued, generator.unsent, generator.limited) == (100, 7, False)


def test_offered_counts_what_was_never_sent(tmp_path: Path) -> None:
    phase = phase_of([accepted(1)], tmp_path, unsent=9)
    assert (phase.offered_per_second, phase.sent_per_second) == (10.0, 1.0)


def test_a_phase_without_samples_has_figures(tmp_path: Path) -> None:
    phase = phase_of([], tmp_path, seconds=0.0)
    assert (phase.requests, phase.routes, phase.accepted_per_second) == (0, {}, 0.0)


def test_series_count_votes_when_they_were_answered(tmp_path: Path) -> None:
    samples, _ = stored(
        [
            accepted(1, Route.GRPC, at=0.2, latency=0.1),
            accepted(2, Route.GRPC, at=0.9, latency=0.3),
            failed(3, Outcome.UNKNOWN, "timed out"),
        ],
        tmp_path,
    )
    series = time_series(samples, 2.0)
    assert series.accepted == {Route.GRPC: [1.0, 1.0], Route.HTTP: [0.0, 0.0]}
    assert series.errors == [1.0, 0.0]


def test_a_step_of_the_series_with_fewer_than_a_hundred_votes_has_no_p99(tmp_path: Path) -> None:
    slowest = accepted(0, latency=0.5, at=0.4)
    enough = [accepted(n, at=0.4, latency=0.1) for n in range(1, 100)]
    few = [accepted(n, at=1.4, latency=0.1) for n in range(100, 199)]
    samples, _ = stored([slowest, *enough, *few], tmp_path)
    series = time_series(samples, 2.0)
    assert series.p99[Route.HTTP] == [pytest.approx(100.0, rel=1e-5), None]
    assert series.p99[Route.GRPC] == [None, None]


def test_series_of_a_long_phase_have_longer_steps(tmp_path: Path) -> None:
    samples, _ = stored([accepted(1), accepted(2)], tmp_path)
    series = time_series(samples, 3600.0)
    assert (series.step, len(series.errors)) == (15.0, 240)
    assert series.accepted[Route.HTTP][0] == pytest.approx(2 / 15)
