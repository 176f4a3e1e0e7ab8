"""A connection to one broker that carries record batches, and nothing else."""

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from typing import Any, Final, NamedTuple, Self, override

from aiokafka.conn import create_conn

_PRODUCE: Final = 0
_VERSION: Final = 7  # of Kafka 2.1 and later
_ALL_IN_SYNC_REPLICAS: Final = -1
_NO_TRANSACTION: Final = -1
_CLIENT: Final = b"voting"
_LENGTH: Final = Struct(">i")
_HEAD: Final = Struct(f">hhih{len(_CLIENT)}shhiih")
_NUMBER_AND_LENGTH: Final = Struct(">ii")
_ANSWER_HEAD: Final = Struct(">iih")
_ANSWER: Final = Struct(">ihqqq")


class Answer(NamedTuple):
    """What a broker says of a record batch."""

    code: int
    """Kafka's error code, 0 once all in-sync replicas have the batch."""
    appended_at_ms: int
    """Kafka's time; -1 if the topic keeps the writers' times."""


type OnAnswers = Callable[[Mapping[int, Answer]], None]
"""Called once, with the answers by partition; empty if the connection was lost."""


class Broker(asyncio.Protocol):
    """Writes record batches to the partitions that one broker leads.

    aiokafka connects, negotiates TLS and logs in; its own requests take several tasks and turns of
    the event loop each, which cost more than all else of a vote that is alone in its batch.
    """

    def __init__(self, writer: asyncio.StreamWriter, topic: str) -> None:
        """Take over a connection on which no answer is outstanding."""
        self._writer = writer  # closes the transport when it is collected
        self._transport = writer.transport
        self._transport.set_protocol(self)
        self._topic = topic.encode()
        self._sent: deque[tuple[int, OnAnswers]] = deque()
        self._number = 0
        self._received = bytearray()

    @classmethod
    async def connect(cls, host: str, port: int, topic: str, security: Mapping[str, Any]) -> Self:
        """Connect; raises KafkaError, OSError or TimeoutError."""
        connection = await create_conn(host, port, **security)
        writer: asyncio.StreamWriter = connection._writer
        connection._read_task.cancel()
        connection._reader = connection._writer = None  # it is ours now
        return cls(writer, topic)

    @property
    def is_open(self) -> bool:
        """Whether batches can be sent."""
        return not self._transport.is_closing()

    def write(
        self, batches: Sequence[tuple[int, bytes]], answer_ms: int, on_answers: OnAnswers
    ) -> None:
        """Send one record batch for each of these partitions, in one request.

        The broker answers after `answer_ms`, even if replicas lag.
        """
        self._number = (self._number + 1) % 2**31
        parts = [
            _HEAD.pack(
                _PRODUCE,
                _VERSION,
                self._number,
                len(_CLIENT),
                _CLIENT,
                _NO_TRANSACTION,
                _ALL_IN_SYNC_REPLICAS,
                answer_ms,
                1,  # topic
                len(self._topic),
            ),
            self._topic,
            _LENGTH.pack(len(batches)),
        ]
        for partition, batch in batches:
            parts += (_NUMBER_AND_LENGTH.pack(partition, len(batch)), batch)
        request = b"".join(parts)
        self._sent.append((self._number, on_answers))
        self._transport.write(_LENGTH.pack(len(request)) + request)

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._received)[0]
            if len(self._received) < end:
                return
            answer = bytes(self._received[_LENGTH.size : end])
            del self._received[:end]
            self._take(answer)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        while self._sent:
            self._sent.popleft()[1]({})

    def close(self) -> None:
        """Disconnect at once."""
        self._transport.abort()

    def _take(self, answer: bytes) -> None:
        try:
            number, topics, length = _ANSWER_HEAD.unpack_from(answer)
            [count] = _LENGTH.unpack_from(answer, begin := _ANSWER_HEAD.size + length)
            begin += _LENGTH.size
            records = answer[begin : begin + count * _ANSWER.size]
            answers = {
                partition: Answer(code, appended_at_ms)
                for partition, code, _, appended_at_ms, _ in _ANSWER.iter_unpack(records)
            }
        except struct.error:
            self.close()  # not an answer to our requests
            return
        if not self._sent or self._sent[0][0] != number or topics != 1:
            self.close()
            return
        self._sent.popleft()[1](answers)
