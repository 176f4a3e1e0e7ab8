"""For tests: samples, phases and reports to start from."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from loadtest.analysis.split import check_splits
from loadtest.analysis.summary import compare_routes
from loadtest.analysis.verdict import judge
from loadtest.driver.catalogue import read_catalogue
from loadtest.driver.samples import Sample, Samples, SampleWriter, read_samples
from loadtest.measure.figures import phase_report
from loadtest.model.answer import Answer, Outcome
from loadtest.model.arrivals import Pattern
from loadtest.model.candidate import Candidate
from loadtest.model.checks import Damage, Reconciliation
from loadtest.model.findings import PhaseReport, ProcessUse
from loadtest.model.phase import Phase, PhaseResult
from loadtest.model.report import Report, Setup
from loadtest.reconcile.cast_votes import CastVotes
from voting.domain.vote import Route
from voting.stores.logged_vote import LoggedVote, Place
from voting.testing.examples import vote_with

CATALOGUE = read_catalogue()
ALBUMS = CATALOGUE.albums
WEIGHTS = {Route.GRPC: 50.0, Route.HTTP: 50.0}


def vote_id(number: int) -> UUID:
    """Return the id with this number."""
    return UUID(f"019ab3c4-5d6e-7f80-9a1b-{number:012x}")


def accepted(number: int, route: Route = Route.HTTP, **changes: object) -> Sample:
    """Return the sample of an accepted vote; every vote a millisecond after the last."""
    answer = Answer(202, Outcome.ACCEPTED, "", route, vote_id(number))
    sample = Sample(
        at=number / 1000,
        lag=0.0001,
        latency=0.005,
        queued=False,
        fresh=False,
        album=number % len(ALBUMS),
        rank=1 + number % 100,
        id=vote_id(number),
        answer=answer,
    )
    return msgspec.structs.replace(sample, **changes)


def failed(number: int, outcome: Outcome, kind: str, route: Route | None = None) -> Sample:
    """Return the sample of a vote that was not accepted."""
    return accepted(number, answer=Answer(503, outcome, kind, route, None))


def stored(samples: Sequence[Sample], folder: Path) -> tuple[Samples, list[str]]:
    """Write samples and read them back, with the error kinds."""
    path = folder / "samples"
    with SampleWriter(path) as writer:
        for sample in samples:
            writer.write(sample)
    return read_samples(path), writer.kinds


def new_phase(forced: Candidate | None = None, **changes: object) -> Phase:
    """Return a phase to start from."""
    phase = Phase(
        name="split" if forced is None else f"{forced} alone",
        target="http://127.0.0.1:8080",
        forced=forced,
        pattern=Pattern.CONSTANT,
        rate=100.0,
        users=4,
        warm_up=0.0,
        seconds=1.0,
        timeout=2.0,
        seed=1,
        client_ids=True,
        fresh_share=0.0,
        samples="",
    )
    return msgspec.structs.replace(phase, **changes)


def phase_of(
    samples: Sequence[Sample], folder: Path, forced: Candidate | None = None, **changes: object
) -> PhaseReport:
    """Return the figures of a phase of one second with these samples."""
    records, kinds = stored(samples, folder)
    result = PhaseResult(
        started=1_700_000_000.0,
        seconds=1.0,
        cpu_seconds=0.2,
        unsent=0,
        interrupted=False,
        kinds=kinds,
    )
    return phase_report(new_phase(forced), msgspec.structs.replace(result, **changes), records)


def cast_votes(samples: Sequence[Sample], folder: Path) -> CastVotes:
    """Return what was cast in one phase with these samples."""
    return CastVotes(CATALOGUE, [stored(samples, folder)[0]])


def logged(sample: Sample, **changes: object) -> LoggedVote:
    """Return the vote of a sample as it should be in the log."""
    album = ALBUMS[sample.album]
    vote = vote_with(
        id=str(sample.id),
        name=album.name,
        album=album.album,
        year=album.year,
        rank=sample.rank,
        route=sample.answer.route or Route.HTTP,
        cast_at_ms=1_700_000_000_000,
    )
    return LoggedVote(msgspec.structs.replace(vote, **changes), Place(0, 0), vote.cast_at_ms)


def sound(**changes: object) -> Reconciliation:
    """Return a reconciliation in which everything agrees."""
    none = Damage(0, [])
    found = Reconciliation(
        accepted=100,
        lost=none,
        altered=none,
        repeated=none,
        refused_counted=none,
        unknown=0,
        unknown_counted=0,
        unknown_without_id=0,
        others=0,
        others_allowed=True,
        difference_count=0,
        differences=[],
        log_votes=100,
        tally_votes=100,
        caught_up_after=0.5,
    )
    return msgspec.structs.replace(found, **changes)


def with_cpu(phase: PhaseReport, **us_per_vote: float) -> PhaseReport:
    """Return a phase in which these processes used so many µs for each of 1,000 votes."""
    uses = {
        name: ProcessUse(
            seconds=2.0,
            votes=1000,
            cpu_seconds=us / 1000,
            memory_bytes=50.0 * 2**20,
            votes_per_batch=None if name == "svc_consumer" else 1.5,
            instances=1,
        )
        for name, us in us_per_vote.items()
    }
    return msgspec.structs.replace(phase, processes=uses)


def new_report(phases: Sequence[PhaseReport], found: Reconciliation | None) -> Report:
    """Return a report with these findings."""
    curves = {one: _first_curve(phases, one) for one in Candidate}
    side_by_side = compare_routes(phases, curves)
    splits = check_splits(phases, WEIGHTS)
    return Report(
        started_at=1_700_000_000.0,
        interrupted=False,
        setup=Setup(
            target="http://127.0.0.1:8080",
            pattern="poisson",
            rate=400.0,
            users=64,
            processes=1,
            seconds=1.0,
            rounds=1,
            warm_up=0.0,
            timeout=10.0,
            seed=1,
            client_ids=True,
            fresh_share=0.25,
            weights=WEIGHTS,
            machine="a machine",
            version="abc1234",
        ),
        side_by_side=side_by_side,
        ramp=None,
        phases=list(phases),
        split=splits.whole,
        split_by_connection=splits.by_connection,
        reconciliation=found,
        changes=None,
        verdict=judge(phases, side_by_side, splits, found, interrupted=False, unmeasured=None),
    )


def _first_curve(phases: Sequence[PhaseReport], one: Candidate) -> list[tuple[float, float]]:
    own = [phase for phase in phases if phase.forced is one and one.route in phase.routes]
    latency = own[0].routes[one.route].latency if own else None
    return latency.curve if latency else []
