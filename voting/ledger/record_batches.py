"""Votes as Kafka's record batches."""

from collections.abc import Iterable
from typing import Final

from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from voting.domain.codec import CONTENT_TYPE, NewRecord
from voting.domain.headers import TRACE_HEADER

_BATCH_BYTES: Final = 512 * 1024
# Kafka records the arrival time itself. It refuses a batch if a single record's time is more than
# an hour ahead, so records carry no time: only Kafka's clock matters.
_NO_TIME: Final = -1
_NO_PRODUCER: Final = -1  # only idempotent producers have a number, an epoch and a sequence
_MAGIC: Final = 2
_HEADERS: Final[list[tuple[str, bytes | None]]] = [("content-type", CONTENT_TYPE)]


def record_batches(records: Iterable[NewRecord]) -> list[bytes]:
    """Return the votes, at least one, as record batches of at most 512 KiB each."""
    batches = []
    builder, offset = _new_builder(), 0
    for vote_id, value, traceparent in records:
        key = vote_id.encode()
        headers = _HEADERS
        if traceparent:
            headers = [*_HEADERS, (TRACE_HEADER, traceparent.encode())]
        if builder.append(offset, _NO_TIME, key, value, headers) is None:  # full
            batches.append(bytes(builder.build()))
            builder, offset = _new_builder(), 0
            builder.append(offset, _NO_TIME, key, value, headers)
        offset += 1
    batches.append(bytes(builder.build()))
    return batches


def _new_builder() -> DefaultRecordBatchBuilder:
    return DefaultRecordBatchBuilder(
        _MAGIC,
        DefaultRecordBatch.CODEC_NONE,
        0,  # not in a transaction
        _NO_PRODUCER,
        _NO_PRODUCER,
        _NO_PRODUCER,
        _BATCH_BYTES,
    )
