from pathlib import Path

import pytest

from loadtest.measure.prometheus import BATCHED, BATCHES, CPU, MEMORY, Track
from loadtest.measure.usage import process_name, process_uses
from loadtest.model.candidate import Candidate
from loadtest.model.findings import ProcessUse
from loadtest.model.phase import PhaseResult
from loadtest.testing.examples import accepted, new_phase, stored

START = 1000.0  # Unix time of the measurement's start
JOB = {"job": "svc_http_route"}


def track(metric: str, *readings: tuple[float, float], **labels: str) -> Track:
    return Track(metric, labels or JOB, [(START + at, value) for at, value in readings])


def uses(tracks: list[Track], folder: Path) -> dict[str, ProcessUse]:
    """Return the uses in a phase of 4 s with a vote every 10 ms, in the warm-up too."""
    samples, kinds = stored(
        [accepted(n, at=n / 100 - 1, latency=0.001) for n in range(500)], folder
    )
    result = PhaseResult(
        started=START, seconds=4.0, cpu_seconds=0, unsent=0, interrupted=False, kinds=kinds
    )
    return process_uses(
        tracks, new_phase(Candidate.HTTP, warm_up=1.0, seconds=4.0), result, samples
    )


def test_cpu_and_votes_are_counted_between_the_same_readings(tmp_path: Path) -> None:
    readings = [(-0.7, 9.0), (0.3, 10.0), (1.3, 10.1), (2.3, 10.2), (3.3, 10.3), (4.3, 10.3)]
    use = uses([track(CPU, *readings)], tmp_path)["svc_http_route"]
    assert use.seconds == pytest.approx(3.0)
    assert use.votes == 300
    assert use.cpu_seconds == pytest.approx(0.3)


def test_a_process_with_one_reading_is_left_out(tmp_path: Path) -> None:
    assert uses([track(CPU, (1.0, 10.0))], tmp_path) == {}


def test_pods_are_added_up_each_with_its_own_times(tmp_path: Path) -> None:
    tracks = [
        track(CPU, (0.0, 1.0), (2.0, 1.2), job="pods", app="svc-http-route", pod="a"),
        track(CPU, (1.0, 5.0), (3.0, 5.4), job="pods", app="svc-http-route", pod="b"),
    ]
    use = uses(tracks, tmp_path)["svc_http_route"]
    assert use.seconds == pytest.approx(3.0)
    assert use.cpu_seconds == pytest.approx(3 * (0.1 + 0.2))


def test_a_counter_that_fell_was_reset(tmp_path: Path) -> None:
    use = uses([track(CPU, (0.0, 10.0), (1.0, 0.2), (2.0, 0.5))], tmp_path)["svc_http_route"]
    assert use.cpu_seconds == pytest.approx(0.5)


def test_memory_is_the_highest_and_batches_are_the_mean(tmp_path: Path) -> None:
    tracks = [
        track(CPU, (0.0, 1.0), (2.0, 1.2)),
        track(MEMORY, (-3.0, 900.0), (0.0, 100.0), (1.0, 130.0), (2.0, 120.0)),
        track(BATCHES, (0.0, 50.0), (2.0, 60.0)),
        track(BATCHED, (0.0, 90.0), (2.0, 115.0)),
    ]
    use = uses(tracks, tmp_path)["svc_http_route"]
    assert use.memory_bytes == 130.0
    assert use.votes_per_batch == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"job": "svc_consumer", "instance": "127.0.0.1:1"}, "svc_consumer"),
        ({"job": "kubernetes-pods", "app": "svc-grpc-client"}, "svc_grpc_client"),
        ({"job": "svc_grpc_unary"}, "svc_grpc_unary"),
        ({"job": "traefik"}, "traefik"),
        ({"job": "somebody-else"}, None),
        ({}, None),
    ],
)
def test_processes_are_identified_by_their_labels(labels: dict[str, str], name: str | None) -> None:
    assert process_name(labels) == name
