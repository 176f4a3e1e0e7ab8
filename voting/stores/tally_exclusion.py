"""What rulings take of a poll, as the tally keeps it: one field of its hash for each such poll.

So it is replaced in one write, and lost together with the counters that it is about.
"""

import re
from typing import Final, NamedTuple

import msgspec

from voting.domain.tally import PollTally
from voting.polls.excluded import Excluded

_STORED: Final = re.compile(r"(\d+) (\{.*\})", re.ASCII)
_DECODER: Final = msgspec.json.Decoder(Excluded)


class Exclusion(NamedTuple):
    """What rulings take, as of an `exclusion_version` of the poll."""

    version: int
    excluded: Excluded

    def encode(self) -> str:
        """Return the value of the field."""
        content = msgspec.json.encode(self.excluded).decode()
        return f"{self.version} {content}"


NOTHING_EXCLUDED: Final = Exclusion(0, Excluded())


class PollStandings(NamedTuple):
    """What was counted in a poll, and what of that rulings take, at one moment."""

    counted: PollTally
    exclusion: Exclusion


def read_exclusion(stored: str | None) -> Exclusion:
    """Return what a field holds; raise `ValueError` if it cannot be parsed."""
    if stored is None:
        return NOTHING_EXCLUDED
    found = _STORED.fullmatch(stored)
    if found is None:
        raise ValueError("what rulings take is stored in a form that cannot be read")
    try:
        return Exclusion(int(found[1]), _DECODER.decode(found[2]))
    except msgspec.DecodeError as error:
        raise ValueError(f"what rulings take cannot be read: {error}") from error
