"""Short comparisons of the whole system, with real servers and real services."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from pymongo import MongoClient
from redis import Redis

from harness.organisers.organiser import Organiser
from harness.processes.ports import free_ports
from harness.processes.programs import python_environment
from harness.processes.waiting import wait_until
from harness.system.stack import Stack
from harness.system.system import VOTER_KEY
from loadtest.measure.usage import own_processes
from loadtest.model.candidate import BOTH_ROUTES, Candidate
from loadtest.model.report import Report, from_json, to_json
from loadtest.model.schema import report_schema
from loadtest.testing.examples import accepted, new_report, phase_of, with_cpu
from voting.domain.vote import Route
from voting.stores.logged_vote import CAST_KEY
from voting.stores.tally_store import TALLY_KEY
from voting.voters.rules import VoterRules

pytest_plugins = ["harness.testing.fixtures"]


class Comparison:
    """`compare` as a process, as a user runs it."""

    def __init__(
        self, stack: Stack, output: Path, *flags: str, voter_keys: str = "", **options: str
    ) -> None:
        self.output = output
        chosen = {
            "target": stack.entry.url,
            "mongodb-url": stack.mongodb.url,
            "redis-url": stack.redis.url,
            "prometheus": stack.prometheus.url,
            "output": str(output),
            "duration": "1",
            "warm-up": "0.1",
            "rate": "60",
            "users": "8",
            "catch-up": "3",
        } | {name.replace("_", "-"): value for name, value in options.items()}
        command = [f"--{name}={value}" for name, value in chosen.items()]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "loadtest.compare", "--alone", *flags, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=python_environment() | {"VOTER_KEYS": voter_keys},
        )

    def end(self) -> tuple[int, str]:
        """Return the exit status and everything that was printed."""
        printed, _ = self.process.communicate(timeout=120)
        return self.process.returncode, printed

    def report(self) -> Report:
        return from_json((self.output / "report.json").read_bytes())


@pytest.fixture(scope="module")
def stack(server_folder: Path) -> Iterator[Stack]:
    with Stack(server_folder, free_ports(), has_unary=True) as stack:
        yield stack


class Votes:
    """The open poll's documents of the vote log, read and changed directly in MongoDB."""

    def __init__(self, client: MongoClient[dict[str, Any]]) -> None:
        self._votes = client["voting"]["votes"]
        self._only = {CAST_KEY: {"$gt": ""}, "poll": {"$exists": False}}

    def count(self) -> int:
        return self._votes.count_documents(self._only)

    def first_after(self, key: str) -> dict[str, Any]:
        """Return the oldest vote that was cast after the one with this key."""
        later = self._votes.find(self._only | {CAST_KEY: {"$gt": key}}).sort(CAST_KEY, 1).limit(1)
        return next(iter(later))

    def newest_key(self) -> str:
        newest = self._votes.find(self._only).sort(CAST_KEY, -1).limit(1)
        return max((vote[CAST_KEY] for vote in newest), default="")

    @contextmanager
    def without(self, vote: Mapping[str, Any]) -> Iterator[None]:
        """Remove a vote while the block runs."""
        assert self._votes.delete_one({"_id": vote["_id"]}).deleted_count == 1
        yield
        self._votes.insert_one(dict(vote))

    @contextmanager
    def altered(self, vote: Mapping[str, Any]) -> Iterator[None]:
        """Change the rank of a vote while the block runs."""
        self._votes.update_one({"_id": vote["_id"]}, {"$set": {"rank": vote["rank"] % 100 + 1}})
        yield
        self._votes.update_one({"_id": vote["_id"]}, {"$set": {"rank": vote["rank"]}})


@pytest.fixture
def votes(stack: Stack) -> Iterator[Votes]:
    with MongoClient[dict[str, Any]](stack.mongodb.url) as client:
        yield Votes(client)


def earlier_report(folder: Path) -> Report:
    """Return a report with two phases of the HTTP route."""
    phase = phase_of([accepted(n, Route.HTTP) for n in range(1000)], folder, Candidate.HTTP)
    return new_report([with_cpu(phase, svc_http_route=us) for us in (100.0, 110.0)], None)


def test_a_sound_system_passes(stack: Stack, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.json"
    earlier.write_bytes(to_json(earlier_report(tmp_path)))
    comparison = Comparison(
        stack,
        tmp_path / "report",
        "--markdown",
        duration="10",
        rounds="1",
        warm_up="1",
        compare=str(earlier),
    )
    status, printed = comparison.end()
    assert status == 0, printed
    report = comparison.report()
    assert report.verdict.passed
    names = [phase.name for phase in report.phases]
    assert names == ["gRPC 1", "HTTP 1", "HTTP 2", "gRPC 2", "split"]
    for phase in report.phases:
        due = phase.requests + phase.generator.unsent
        assert due == pytest.approx(60 * phase.seconds, rel=0.5)
        assert phase.elsewhere == 0
    cost = report.side_by_side.pairs[0].ratios.cpu_us_per_vote
    assert cost is not None
    assert cost.repeats == 2
    own = [name for candidate in BOTH_ROUTES for name in own_processes(candidate)]
    assert report.side_by_side.processes.keys() >= {*own, "svc_consumer", "traefik"}
    http = report.side_by_side.routes[Candidate.HTTP]
    assert http.visible_p50 is not None
    assert "times the processor time of the HTTP route" in " ".join(printed.split())
    assert report.split is not None
    assert report.split.requests.keys() == set(Route)
    found = report.reconciliation
    assert found is not None
    assert found.accepted == found.log_votes == found.tally_votes > 150
    assert found.others == 0
    assert report.changes is not None
    assert "p50, ms" in [change.figure for change in report.changes.changes]
    Draft202012Validator(report_schema()).validate(
        msgspec.json.decode((comparison.output / "report.json").read_bytes())
    )
    assert "✓ Passed" in printed
    assert "\n### ✅ Votes via gRPC and HTTP: Passed\n" in printed
    assert "| since the earlier report | of | old | new | new / old |  |" in printed
    assert sorted(path.name for path in comparison.output.iterdir()) == [
        "report.html",
        "report.json",
    ]


def test_a_sweep_of_three_candidates_has_them_at_every_rate(stack: Stack, tmp_path: Path) -> None:
    comparison = Comparison(
        stack,
        tmp_path / "report",
        candidates=",".join(Candidate),
        sweep="20,40",
        duration="4",
        rounds="1",
    )
    status, printed = comparison.end()
    assert status == 0, printed
    assert "12 phases, at least 26 s" in printed
    report = comparison.report()
    sweep = report.sweep
    assert sweep is not None

    def there_at(rate: float) -> list[Candidate]:
        """Return who reached a rate: a busy machine may keep one from it, as the report says."""
        late = {end.candidate for end in sweep.unreached if end.rate <= rate}
        return [one for one in Candidate if one not in late]

    assert sweep.points
    assert [point.rate for point in sweep.points] == [r for r in (20.0, 40.0) if there_at(r)]
    for point in sweep.points:
        routes, processes = point.side_by_side.routes, point.side_by_side.processes
        there = there_at(point.rate)
        assert {one: summary.phases for one, summary in routes.items()} == dict.fromkeys(there, 2)
        assert len(point.side_by_side.pairs) == len(there) * (len(there) - 1) // 2
        if "svc_grpc_unary" in processes:
            assert processes["svc_grpc_unary"].owners == [Candidate.GRPC_UNARY]
    unary = [phase for phase in report.phases if phase.forced is Candidate.GRPC_UNARY]
    for phase in unary:
        assert (phase.elsewhere, set(phase.routes)) == (0, {Route.GRPC})
    per_batch = {
        use.votes_per_batch
        for phase in unary
        for name, use in (phase.processes or {}).items()
        if name == "svc_grpc_unary"
    }
    assert per_batch - {None} == {1.0}  # a pause of the machine leaves a phase without figures
    assert report.reconciliation is not None
    assert (report.reconciliation.lost.count, report.reconciliation.others) == (0, 0)
    assert "Processor time per vote: " in " ".join(report.verdict.findings)


def test_voters_with_tokens_are_counted_once_each(stack: Stack, tmp_path: Path) -> None:
    organiser = Organiser(stack.services["svc_polls"].url, stack.organiser_token)
    organiser.define("members", voters=VoterRules(scope="members", key=VOTER_KEY, votes=2))
    organiser.open("members")
    organiser.close_connections()
    poll = {"poll": "members", "voter_keys": stack.voter_key_setting["VOTER_KEYS"]}
    status, printed = Comparison(stack, tmp_path / "few", **poll, voters="10").end()
    assert (status, "--voters: 10 have 20 votes, and about" in printed) == (2, True)
    comparison = Comparison(stack, tmp_path / "report", **poll, voters="1000")
    status, printed = comparison.end()
    assert status == 0, printed
    report = comparison.report()
    found = report.reconciliation
    assert found is not None
    assert (found.accepted > 60, found.repeated.count, found.lost.count) == (True, 0, 0)
    assert report.setup.voters == 1000


@contextmanager
def running_comparison(
    stack: Stack, votes: Votes, output: Path, **options: str
) -> Iterator[tuple[Comparison, dict[str, Any]]]:
    """Start a comparison; yield it with one of its votes that was counted long ago."""
    before, newest = votes.count(), votes.newest_key()
    comparison = Comparison(stack, output, **options)
    wait_until(lambda: votes.count() >= before + 60, "votes come into the log")
    yield comparison, votes.first_after(newest)


def test_a_vote_taken_out_of_the_log_is_missed(stack: Stack, votes: Votes, tmp_path: Path) -> None:
    with running_comparison(stack, votes, tmp_path) as (comparison, vote), votes.without(vote):
        status, printed = comparison.end()
    assert status == 1, printed
    assert "1 accepted vote is missing from the vote log" in printed
    found = comparison.report().reconciliation
    assert found is not None
    assert found.lost.ids == [vote["_id"]]
    assert found.difference_count == 3  # the tally still has it: route, votes and rank sum


def test_all_other_damage_is_found_too(stack: Stack, votes: Votes, tmp_path: Path) -> None:
    with (
        running_comparison(stack, votes, tmp_path, weights="90:10") as (comparison, vote),
        votes.altered(vote),
        counted_twice(stack, Route.HTTP),
    ):
        status, printed = comparison.end()
    assert status == 1, printed
    failures = " ".join(comparison.report().verdict.failures)
    assert (
        f"1 vote is in the vote log with other content than sent, for example {vote['_id']}"
        in failures
    )
    assert "has 1 vote too many" in failures
    assert "The split is off" in failures


@contextmanager
def counted_twice(stack: Stack, route: Route) -> Iterator[None]:
    """Add one vote too many to a route's counter while the block runs."""
    with Redis.from_url(stack.redis.url) as redis:
        redis.hincrby(TALLY_KEY, f"r:{route}", 1)
        yield
        redis.hincrby(TALLY_KEY, f"r:{route}", -1)


def test_an_interruption_reports_what_was_measured(
    stack: Stack, votes: Votes, tmp_path: Path
) -> None:
    before = votes.count()
    long = {"duration": "600", "rounds": "1"}
    comparison = Comparison(stack, tmp_path, ids="service", arrivals="closed", **long)
    wait_until(lambda: votes.count() > before + 30, "votes come in")
    comparison.process.send_signal(signal.SIGINT)
    status, printed = comparison.end()
    assert status == 130, printed
    report = comparison.report()
    assert report.interrupted
    assert len(report.phases) == 1
    assert report.reconciliation is not None
    assert report.reconciliation.accepted >= 30
    assert (report.reconciliation.lost.count, report.reconciliation.others) == (0, 0)
    assert "Traceback" not in printed
