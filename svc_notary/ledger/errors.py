"""What reading the ledger may raise."""

from collections.abc import Mapping


class LedgerUnavailableError(Exception):
    """Kafka does not answer, or has no such topic; the text says why."""


class OutsideLedgerError(Exception):
    """The ledger has no records at the requested `offsets`, by partition."""

    def __init__(self, offsets: Mapping[int, int]) -> None:
        super().__init__(f"no records at {dict(offsets)}")
        self.offsets = dict(offsets)
