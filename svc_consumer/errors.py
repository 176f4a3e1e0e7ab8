"""What can go wrong with a partition or the ledger, and what must happen then."""

from typing import Final

from voting.ledger.errors import LedgerUnavailableError
from voting.stores.errors import StoreUnavailableError

KAFKA: Final = "Kafka"
# Separate from Kafka, which may answer everything else while this topic cannot be written.
REJECTED: Final = "the topic of rejected records"


class StaleError(Exception):
    """A store or the ledger is not as expected; read both positions and seek again.

    Nothing was counted wrongly: each store advances only from its actual position.
    """


class LedgerReplacedError(Exception):
    """The topic is not the one that was counted: halt the partition and alert an operator."""


class RejectedUnavailableError(Exception):
    """The topic of rejected records cannot be written; the same call may succeed later."""


def server_of(error: Exception) -> str:
    """Return the server that failed, as readiness names it; "" if the error names none."""
    if isinstance(error, StoreUnavailableError):
        return error.store
    if isinstance(error, LedgerUnavailableError):
        return KAFKA
    return REJECTED if isinstance(error, RejectedUnavailableError) else ""
