"""What reading the ledger may raise, and how aiokafka's errors become that."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aiokafka.errors import KafkaConnectionError, KafkaError, OffsetOutOfRangeError


class LedgerUnavailableError(Exception):
    """Kafka does not answer or the topic is missing; the same call may succeed later."""


class OutsideLedgerError(Exception):
    """The ledger has no records at the requested `offsets`, by partition."""

    def __init__(self, offsets: Mapping[int, int]) -> None:
        super().__init__(f"no records at {dict(offsets)}")
        self.offsets = dict(offsets)


class EndsUnknownError(Exception):
    """Kafka did not say where all partitions end; the text says why."""


class PartitionUnreadableError(Exception):
    """Kafka does not give the records, or no longer has them; the text says why."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise `OutsideLedgerError` and `LedgerUnavailableError` instead of what aiokafka raises."""
    try:
        yield
    except OffsetOutOfRangeError as error:
        offsets = error.args[0]
        raise OutsideLedgerError({p.partition: at for p, at in offsets.items()}) from error
    except KafkaConnectionError as error:
        raise LedgerUnavailableError("no broker can be reached") from error
    except (KafkaError, TimeoutError, OSError) as error:
        raise LedgerUnavailableError(str(error) or "Kafka does not answer in time") from error
