import asyncio

import pytest

from harness.voters.vote_connection import VoteConnection, is_accepted

ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Length: 12\r\n\r\n{"id":"..."}'
BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy"


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed


@pytest.fixture
def answers() -> list[bool]:
    return []


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def connection(answers: list[bool], wire: Wire) -> VoteConnection:
    made = VoteConnection(lambda _, response: answers.append(is_accepted(response)))
    made.connection_made(wire)
    return made


def test_an_answer_counts_once_it_is_complete(
    connection: VoteConnection, answers: list[bool]
) -> None:
    for _ in range(2):  # the length of the second is known
        connection.send(b"vote")
        connection.data_received(ACCEPTED[:20])
        connection.data_received(ACCEPTED[20:-1])
        assert connection.waits
        connection.data_received(ACCEPTED[-1:])
        assert not connection.waits
    assert answers == [True, True]


def test_a_refusal_is_not_an_acceptance(connection: VoteConnection, answers: list[bool]) -> None:
    for answer in (ACCEPTED, BUSY, ACCEPTED):
        connection.send(b"vote")
        connection.data_received(answer)
    assert answers == [True, False, True]


def test_a_connection_that_ends_before_its_answer_is_broken(connection: VoteConnection) -> None:
    connection.connection_lost(None)
    assert not connection.broken
    connection.send(b"vote")
    connection.connection_lost(None)
    assert connection.broken


def test_a_closed_connection_takes_no_vote(connection: VoteConnection, wire: Wire) -> None:
    wire.closed = True
    connection.send(b"vote")
    assert connection.broken
    assert not wire.written


def test_a_loss_is_reported_only_while_an_answer_is_due(wire: Wire) -> None:
    losses: list[Exception | None] = []
    reset = ConnectionResetError()
    for sends in (False, True):
        connection = VoteConnection(lambda *_: None, lambda _, error: losses.append(error))
        connection.connection_made(wire)
        if sends:
            connection.send(b"vote")
        connection.connection_lost(reset)
    assert losses == [reset]
