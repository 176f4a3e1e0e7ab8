from svc_consumer.counting.partition import Partition
from svc_consumer.errors import LedgerReplacedError
from svc_consumer.loop.assignment import Assignment
from svc_consumer.loop.lag_reporter import LagReporter
from svc_consumer.loop.waiting import Waiting
from svc_consumer.metrics import LAG
from svc_consumer.testing.fakes import PARTITIONS, FakeLedger, a_vote, records_of
from voting.ledger.errors import LedgerUnavailableError
from voting.service.lifecycle import Readiness
from voting.stores.errors import StoreUnavailableError


class Trial:
    """A reporter for a consumer with two partitions of three records each."""

    def __init__(self) -> None:
        LAG.clear()
        self.ledger = FakeLedger()
        self.ledger.give(1, 2)
        self.ledger.records = {p: records_of(a_vote(), a_vote(), a_vote()) for p in (1, 2)}
        self.assignment = Assignment()
        self.readiness = Readiness()
        self.now = 0.0
        self.renewed = 0
        self.reporter = LagReporter(
            self.ledger,
            self.assignment,
            Waiting(self.readiness, ["Kafka"]),
            self.renew,
            clock=lambda: self.now,
        )
        self.add(1, "0:a", "0:a")
        self.add(2, "2:c", "1:b")

    def renew(self) -> None:
        self.renewed += 1

    async def fail_at(self, now: float) -> None:
        """Report at this time, while the ledger does not answer."""
        self.now = now
        self.ledger.errors = [LedgerUnavailableError("no answer in time")]
        await self.reporter.report()

    def drop_all(self, error: Exception) -> None:
        for partition in list(self.assignment.synced.values()):
            self.assignment.drop(partition, error)

    def add(self, number: int, log_position: str, tally_position: str) -> None:
        partition = Partition(number, PARTITIONS, "owner", log_position, tally_position)
        self.assignment.add(partition)


async def refuse(_: object) -> dict[int, int]:
    raise LedgerUnavailableError("the group is rebalancing")


def lags() -> dict[str, float]:
    [metric] = LAG.collect()
    return {sample.labels["partition"]: sample.value for sample in metric.samples}


async def test_the_lag_of_each_partition_is_shown_while_it_is_assigned() -> None:
    trial = Trial()
    await trial.reporter.report()
    assert lags() == {"1": 3, "2": 2}
    assert trial.readiness.ready
    trial.ledger.give(2)
    await trial.reporter.report()
    assert lags() == {"2": 2}


async def test_the_lag_grows_while_a_store_is_away() -> None:
    trial = Trial()
    await trial.reporter.report()
    trial.drop_all(StoreUnavailableError("MongoDB", ConnectionError("refused")))
    trial.ledger.records[1] += records_of(a_vote(), a_vote(), start=3)
    await trial.reporter.report()
    assert lags() == {"1": 5, "2": 2}
    trial.add(1, "4:e", "4:e")
    await trial.reporter.report()
    assert lags() == {"1": 1, "2": 2}


async def test_the_lag_of_a_halted_partition_grows() -> None:
    trial = Trial()
    trial.assignment.drop(trial.assignment.synced[1], LedgerReplacedError("another topic"))
    trial.ledger.records[1] += records_of(a_vote(), start=3)
    await trial.reporter.report()
    assert lags() == {"1": 4, "2": 2}


async def test_a_partition_that_was_never_in_step_lags_behind_what_was_committed() -> None:
    trial = Trial()
    trial.assignment.clear()
    trial.ledger.committed = {1: 1}
    await trial.reporter.report()
    assert lags() == {"1": 2}
    assert trial.ledger.committed == {1: 1}


async def test_an_unknown_lag_is_not_shown() -> None:
    trial = Trial()
    await trial.reporter.report()
    trial.assignment.clear()
    trial.ledger.last_committed = refuse  # type: ignore[method-assign, assignment]
    await trial.reporter.report()
    assert lags() == {}
    assert trial.readiness.ready


async def test_the_next_offsets_are_committed_for_monitoring() -> None:
    trial = Trial()
    await trial.reporter.report()
    assert trial.ledger.committed == {1: 0, 2: 1}


async def test_kafka_is_waited_for_while_it_does_not_answer() -> None:
    trial = Trial()
    await trial.reporter.report()
    trial.ledger.errors = [LedgerUnavailableError("refused")]
    await trial.reporter.report()
    assert trial.readiness.reason == "waiting for Kafka (refused)"
    await trial.reporter.report()
    assert trial.readiness.ready


async def test_a_failed_commit_is_retried_and_is_not_an_outage() -> None:
    trial = Trial()
    commit = trial.ledger.commit
    trial.ledger.commit = refuse  # type: ignore[method-assign, assignment]
    await trial.reporter.report()
    assert trial.readiness.ready
    trial.ledger.commit = commit  # type: ignore[method-assign]
    await trial.reporter.report()
    assert trial.ledger.committed == {1: 0, 2: 1}


async def test_connections_are_replaced_when_kafka_answers_only_on_new_ones() -> None:
    trial = Trial()
    for now in (1, 10, 20):
        await trial.fail_at(now)
    assert trial.renewed == 0
    await trial.fail_at(21)
    assert trial.renewed == 1
    await trial.fail_at(30)  # the new connections get their time, too
    assert trial.renewed == 1


async def test_connections_are_kept_while_kafka_is_away() -> None:
    trial = Trial()
    trial.ledger.answers_others = False
    await trial.fail_at(100)
    assert trial.renewed == 0


async def test_an_answer_restarts_the_clock() -> None:
    trial = Trial()
    await trial.fail_at(19)
    trial.now = 20
    await trial.reporter.report()
    await trial.fail_at(39)
    assert trial.renewed == 0
