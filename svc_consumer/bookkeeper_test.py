from svc_consumer.assignment import Assignment
from svc_consumer.bookkeeper import Bookkeeper
from svc_consumer.errors import LedgerUnavailableError
from svc_consumer.fakes import PARTITIONS, FakeLedger, a_vote, records_of
from svc_consumer.metrics import LAG
from svc_consumer.partition import Partition
from svc_consumer.waiting import Waiting
from voting.lifecycle import Readiness


class Trial:
    """Books of a consumer with two partitions of three records each."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.ledger.give(1, 2)
        self.ledger.records = {p: records_of(a_vote(), a_vote(), a_vote()) for p in (1, 2)}
        self.assignment = Assignment()
        self.readiness = Readiness()
        self.now = 0.0
        self.renewed = 0
        self.bookkeeper = Bookkeeper(
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
        """Keep books at a time at which the ledger does not answer."""
        self.now = now
        self.ledger.errors = [LedgerUnavailableError("no answer in time")]
        await self.bookkeeper.keep()

    def add(self, number: int, log_position: str, tally_position: str) -> None:
        partition = Partition(number, PARTITIONS, "owner", log_position, tally_position)
        self.assignment.add(partition)


def lags() -> dict[str, float]:
    [metric] = LAG.collect()
    return {sample.labels["partition"]: sample.value for sample in metric.samples}


async def test_the_lag_of_each_partition_is_shown_while_it_is_assigned() -> None:
    trial = Trial()
    await trial.bookkeeper.keep()
    assert lags() == {"1": 3, "2": 2}
    assert trial.readiness.ready
    trial.ledger.give(2)
    await trial.bookkeeper.keep()
    assert lags() == {"2": 2}


async def test_the_next_offsets_are_committed_for_those_who_watch_the_group() -> None:
    trial = Trial()
    await trial.bookkeeper.keep()
    assert trial.ledger.committed == {1: 0, 2: 1}


async def test_kafka_is_waited_for_while_it_does_not_answer() -> None:
    trial = Trial()
    await trial.bookkeeper.keep()
    trial.ledger.errors = [LedgerUnavailableError("refused")]
    await trial.bookkeeper.keep()
    assert trial.readiness.reason == "waiting for Kafka (refused)"
    await trial.bookkeeper.keep()
    assert trial.readiness.ready


async def test_a_failed_commit_is_tried_again_and_is_no_outage() -> None:
    trial = Trial()
    commit = trial.ledger.commit

    async def refuse(offsets: object) -> None:
        trial.ledger.commit = commit  # type: ignore[method-assign]
        raise LedgerUnavailableError("the group is rebalancing")

    trial.ledger.commit = refuse  # type: ignore[method-assign]
    await trial.bookkeeper.keep()
    assert trial.readiness.ready
    await trial.bookkeeper.keep()
    assert trial.ledger.committed == {1: 0, 2: 1}


async def test_connections_are_replaced_when_kafka_answers_on_new_ones_only() -> None:
    trial = Trial()
    for now in (1, 10, 20):
        await trial.fail_at(now)
    assert trial.renewed == 0
    await trial.fail_at(21)
    assert trial.renewed == 1
    await trial.fail_at(30)  # the new ones have their time too
    assert trial.renewed == 1


async def test_connections_are_kept_while_kafka_is_away() -> None:
    trial = Trial()
    trial.ledger.answers_others = False
    await trial.fail_at(100)
    assert trial.renewed == 0


async def test_an_answer_starts_the_count_anew() -> None:
    trial = Trial()
    await trial.fail_at(19)
    trial.now = 20
    await trial.bookkeeper.keep()
    await trial.fail_at(39)
    assert trial.renewed == 0
