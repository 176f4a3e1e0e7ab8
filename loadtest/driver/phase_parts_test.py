from pathlib import Path
from random import Random

import msgspec
import pytest

from loadtest.driver.phase_parts import joined_progress, joined_results, parts_of
from loadtest.driver.samples import Sample, SampleWriter
from loadtest.model.answer import Outcome
from loadtest.model.arrivals import Arrivals
from loadtest.model.phase import Phase, PhaseProgress, PhaseResult
from loadtest.testing.examples import accepted, failed, new_phase

NO_LIMIT = 10_000


def arrivals(phase: Phase) -> list[float]:
    schedule = Arrivals(
        phase.pattern,
        rate=phase.rate,
        warm_up=phase.warm_up,
        seconds=phase.seconds,
        limit=NO_LIMIT,
        random=Random(1),
        offset=phase.offset,
    )
    times = []
    while (arrival := schedule.take(-phase.warm_up)) is not None:
        times.append(arrival.at)
    return times


def test_the_parts_arrivals_are_those_of_the_whole() -> None:
    phase = new_phase(rate=100.0, users=7, warm_up=1.0, seconds=2.0, samples="/folder/samples")
    parts = parts_of(phase, 3)
    together = sorted(at for part in parts for at in arrivals(part))
    assert together == pytest.approx(arrivals(phase), abs=1e-6)
    assert [part.users for part in parts] == [3, 2, 2]
    assert len({part.samples for part in parts}) == len({part.seed for part in parts}) == 3


def test_one_driver_gets_the_phase_as_it_is() -> None:
    phase = new_phase()
    assert parts_of(phase, 1) == [phase]


def test_the_whole_is_as_far_as_its_slowest_part() -> None:
    joined = joined_progress([PhaseProgress(2.0, 30, 29, 1), PhaseProgress(1.0, 20, 20, 0)])
    assert joined == PhaseProgress(1.0, 50, 49, 1)


def written(phase: Phase, started: float, *samples: Sample) -> PhaseResult:
    with SampleWriter(Path(phase.samples)) as writer:
        for sample in samples:
            writer.write(sample)
    return PhaseResult(
        started=started,
        seconds=1.0,
        cpu_seconds=started - 1000,
        unsent=1,
        interrupted=False,
        kinds=writer.kinds,
    )


def test_samples_come_on_one_clock_with_one_list_of_kinds(tmp_path: Path) -> None:
    parts = parts_of(new_phase(users=2, samples=str(tmp_path / "samples")), 2)
    busy = msgspec.structs.replace(failed(1, Outcome.UNKNOWN, "busy"), at=0.1)
    gone = msgspec.structs.replace(failed(2, Outcome.UNKNOWN, "gone"), at=0.1)
    results = [
        written(parts[0], 1000.5, accepted(3, at=-0.1), busy),
        written(parts[1], 1000.51, accepted(4, at=-0.001), gone),
    ]
    whole, samples = joined_results(parts, results)
    assert list(samples["at"]) == pytest.approx([-0.1, 0.1, 0.0, 0.11], abs=1e-6)
    assert [whole.kinds[kind] for kind in samples["kind"]] == ["", "busy", "", "gone"]
    assert (whole.started, whole.unsent) == (1000.5, 2)
    assert whole.cpu_seconds == pytest.approx(0.51)
    assert samples["at"][2] < 0  # warm-up stays warm-up
