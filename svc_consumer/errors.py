"""What can go wrong with a partition or with the ledger, and what then has to happen."""

from typing import Final

from voting.stores.errors import StoreUnavailableError

KAFKA: Final = "Kafka"
# Apart from Kafka, which may well answer the bookkeeper while nobody can write to this topic.
REJECTED: Final = "the topic of rejected records"


class StaleError(Exception):
    """What we believed about a store or the ledger is wrong; read both positions and seek again.

    Nothing was counted wrongly: each store moves on only from the position that it really has.
    """


class LedgerReplacedError(Exception):
    """The topic is not the one that was counted: stop the partition and call a human."""


class LedgerUnavailableError(Exception):
    """Kafka does not answer, or lacks the topic; the same call may succeed later."""


class RejectedUnavailableError(Exception):
    """The topic of rejected records cannot be written; the same call may succeed later."""


def server_of(error: Exception) -> str:
    """Return which server does not do its work, as readiness names it; "" when none is named."""
    if isinstance(error, StoreUnavailableError):
        return error.store
    if isinstance(error, LedgerUnavailableError):
        return KAFKA
    return REJECTED if isinstance(error, RejectedUnavailableError) else ""
