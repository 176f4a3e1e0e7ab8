"""Writing through connections that do what the test says."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import BrokerResponseError, KafkaError, KafkaTimeoutError

from voting.ledger import producer as module
from voting.ledger.broker import Answer, OnAnswers
from voting.ledger.producer import Producer

TIME = 1_764_000_000_000
# What passes by itself: an unknown partition or leader, a leader that moved, a time-out of the
# broker, too few replicas before or after the leader wrote, a failed disk.
PASSING = [3, 5, 6, 7, 19, 20, 56]
# What does not: a corrupt or too large batch, an invalid topic or time, missing rights, codes that
# aiokafka does not know.
LASTING = [-1, 2, 10, 17, 18, 29, 31, 32, 35, 87]


class Connection:
    """Stands in for a `Broker`: keeps what is written and answers each request as scripted."""

    def __init__(self) -> None:
        self.requests: list[dict[int, bytes]] = []
        self.codes: list[dict[int, int]] = []  # by partition, of the next requests; then 0
        self.holds = False
        self.held: list[tuple[OnAnswers, dict[int, Answer]]] = []
        self.is_open = True

    def write(
        self, batches: Sequence[tuple[int, bytes]], answer_ms: int, on_answers: OnAnswers
    ) -> None:
        self.requests.append(dict(batches))
        codes = self.codes.pop(0) if self.codes else {}
        answers = {number: Answer(codes.get(number, 0), TIME) for number, _ in batches}
        if self.holds:
            self.held.append((on_answers, answers))
        else:
            asyncio.get_running_loop().call_soon(on_answers, answers)

    def let_through(self) -> None:
        on_answers, answers = self.held.pop(0)
        on_answers(answers)

    def close(self) -> None:
        self.is_open = False
        while self.held:
            self.held.pop(0)[0]({})


class Kafka:
    """Stands in for aiokafka's client and its view of the cluster; broker 9 cannot be reached."""

    def __init__(self) -> None:
        self.leaders: dict[int, int] = {0: 1, 1: 1, 2: 2}
        self.next_leaders: dict[int, int] | None = None  # from the next update on
        self.connections: dict[int, list[Connection]] = {}
        self.cluster = self
        self.updates = 0
        self.closed = False

    def leader_for_partition(self, partition: TopicPartition) -> int | None:
        return self.leaders.get(partition.partition)

    def partitions_for_topic(self, _topic: str) -> Iterable[int]:
        return range(3)

    def broker_metadata(self, number: int) -> Any:
        return SimpleNamespace(host="broker", port=number) if number > 0 else None

    async def bootstrap(self) -> None:
        pass

    async def set_topics(self, _topics: Sequence[str]) -> None:
        pass

    def force_metadata_update(self) -> asyncio.Future[bool]:
        self.updates += 1
        if self.next_leaders is not None:
            self.leaders, self.next_leaders = self.next_leaders, None
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        future.set_result(True)
        return future

    async def close(self) -> None:
        self.closed = True

    async def connect(self, _host: str, port: int, *_: object) -> Connection:
        if port == 9:
            raise ConnectionRefusedError
        self.connections.setdefault(port, []).append(Connection())
        return self.connections[port][-1]


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    made = Kafka()
    monkeypatch.setattr(module, "AIOKafkaClient", lambda **_: made)
    monkeypatch.setattr(module, "Broker", made)
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0)
    return made


async def started(ack_seconds: float = 10) -> Producer:
    producer = Producer({"bootstrap_servers": "broker:1"}, "votes", ack_seconds)
    assert await producer.start() == 3
    return producer


class Written:
    """Writes batches and collects the reports."""

    def __init__(self, producer: Producer, batches: Mapping[int, list[bytes]]) -> None:
        self.outcomes: dict[int, int | KafkaError] = {}
        self._missing = len(batches)
        self._all = asyncio.Event()
        producer.write(batches, self._report)

    def _report(self, partition: int, outcome: int | KafkaError) -> None:
        assert partition not in self.outcomes
        self.outcomes[partition] = outcome
        if len(self.outcomes) == self._missing:
            self._all.set()

    async def all(self) -> dict[int, int | KafkaError]:
        async with asyncio.timeout(10):
            await self._all.wait()
        return self.outcomes


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_partitions_of_one_leader_share_a_request(kafka: Kafka) -> None:
    producer = await started()
    outcomes = await Written(producer, {0: [b"a"], 1: [b"b"], 2: [b"c"]}).all()
    assert outcomes == {0: TIME, 1: TIME, 2: TIME}
    assert kafka.connections[1][0].requests == [{0: b"a", 1: b"b"}]
    assert kafka.connections[2][0].requests == [{2: b"c"}]


@pytest.mark.parametrize("code", PASSING)
async def test_passing_trouble_of_a_partition_is_met_by_writing_it_again(
    kafka: Kafka, code: int
) -> None:
    producer = await started()
    [connection] = kafka.connections[1]
    connection.codes = [{0: code}, {0: code}]
    assert await Written(producer, {0: [b"a"], 1: [b"b"]}).all() == {0: TIME, 1: TIME}
    assert connection.requests == [{0: b"a", 1: b"b"}, {0: b"a"}, {0: b"a"}]
    assert kafka.updates == 2


async def test_each_writing_again_is_told(kafka: Kafka) -> None:
    producer = await started()
    kafka.connections[1][0].codes = [{0: 7}, {0: 7}]
    told: list[int] = []
    done: asyncio.Future[int | KafkaError] = asyncio.get_running_loop().create_future()
    producer.write({0: [b"a"]}, lambda _, outcome: done.set_result(outcome), told.append)
    assert await done == TIME
    assert told == [0, 0]


@pytest.mark.parametrize("code", LASTING)
async def test_a_refused_batch_is_reported_and_affects_no_other(kafka: Kafka, code: int) -> None:
    producer = await started()
    [connection] = kafka.connections[1]
    connection.codes = [{0: code}]
    outcomes = await Written(producer, {0: [b"a"], 1: [b"b"]}).all()
    refusal = outcomes.pop(0)
    assert isinstance(refusal, BrokerResponseError)
    assert not refusal.retriable
    assert outcomes == {1: TIME}
    assert len(connection.requests) == 1


async def test_a_batch_follows_its_leader(kafka: Kafka) -> None:
    producer = await started()
    kafka.connections[1][0].codes = [{0: 6}]
    kafka.next_leaders = {0: 3, 1: 1, 2: 2}
    assert await Written(producer, {0: [b"a"]}).all() == {0: TIME}
    assert kafka.connections[3][0].requests == [{0: b"a"}]


@pytest.mark.parametrize("leaders", [{}, {0: -1}, {0: 9}], ids=["unknown", "none", "unreachable"])
async def test_a_batch_waits_for_a_leader(kafka: Kafka, leaders: dict[int, int]) -> None:
    kafka.leaders = leaders
    producer = await started()
    written = Written(producer, {0: [b"a"]})
    await turns()
    assert not written.outcomes
    kafka.next_leaders = {0: 2}
    assert await written.all() == {0: TIME}
    assert kafka.connections[2][0].requests == [{0: b"a"}]


async def test_a_batch_in_flight_on_a_lost_connection_is_written_again(kafka: Kafka) -> None:
    producer = await started()
    [connection] = kafka.connections[1]
    connection.holds = True
    written = Written(producer, {0: [b"a"]})
    connection.close()
    assert await written.all() == {0: TIME}
    assert [made.requests for made in kafka.connections[1]] == [[{0: b"a"}], [{0: b"a"}]]


async def test_an_answer_without_a_partition_acknowledges_nothing(kafka: Kafka) -> None:
    producer = await started()
    [connection] = kafka.connections[1]
    connection.holds = True
    written = Written(producer, {0: [b"a"], 1: [b"b"]})
    on_answers, answers = connection.held.pop()
    connection.holds = False
    on_answers({0: answers[0]})
    assert written.outcomes == {0: TIME}
    assert await written.all() == {0: TIME, 1: TIME}
    assert connection.requests[1:] == [{1: b"b"}]


async def test_a_batch_without_an_answer_expires_and_a_late_answer_changes_nothing(
    kafka: Kafka,
) -> None:
    producer = await started(ack_seconds=0.01)
    [connection] = kafka.connections[1]
    connection.holds = True
    outcomes = await Written(producer, {0: [b"a"]}).all()
    assert isinstance(outcomes[0], KafkaTimeoutError)
    connection.let_through()
    await turns()
    assert connection.requests == [{0: b"a"}]


async def test_a_batch_in_trouble_expires(kafka: Kafka) -> None:
    kafka.leaders = {}
    producer = await started(ack_seconds=0.01)
    outcomes = await Written(producer, {0: [b"a"]}).all()
    assert isinstance(outcomes[0], KafkaTimeoutError)
    kafka.next_leaders = {0: 1}
    await turns()
    assert not any(made.requests for made in kafka.connections.get(1, []))


async def test_a_partitions_next_batch_waits_for_the_one_before(kafka: Kafka) -> None:
    producer = await started()
    [connection] = kafka.connections[1]
    connection.codes = [{0: 19}, {}, {0: 7}]
    assert await Written(producer, {0: [b"a", b"b"], 1: [b"c"]}).all() == {0: TIME, 1: TIME}
    assert connection.requests == [{0: b"a", 1: b"c"}, {0: b"a"}, {0: b"b"}, {0: b"b"}]


async def test_closing_waits_for_what_is_in_flight(kafka: Kafka) -> None:
    producer = await started()
    [connection] = kafka.connections[1]
    connection.holds = True
    written = Written(producer, {0: [b"a"]})
    closing = asyncio.create_task(producer.close())
    await turns()
    assert connection.is_open
    connection.let_through()
    await closing
    assert written.outcomes == {0: TIME}
    assert kafka.closed
    assert not connection.is_open


async def test_a_check_connects_to_new_leaders(kafka: Kafka) -> None:
    producer = await started()
    kafka.connections[1][0].close()
    kafka.next_leaders = {0: 1, 1: 1, 2: 3}
    assert await producer.check()
    assert [len(kafka.connections[number]) for number in (1, 2, 3)] == [2, 1, 1]
