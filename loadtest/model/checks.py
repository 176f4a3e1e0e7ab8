"""What the checks of a comparison found, the split and the reconciliation: parts of the report."""

import msgspec

from loadtest.model.findings import Connection
from voting.domain.vote import Route


class SplitTest(msgspec.Struct, frozen=True):
    """Whether the splitter kept its weights: Pearson's chi-square test, without the `unanswered`.

    `expected` and `share` are of the HTTP route; `low` and `high` bound its true share with
    confidence 1 - `alpha` (Wilson's interval, which holds `expected` exactly when the test passes).
    The split is not `fair` when the test fails however the unanswered votes are counted.
    """

    requests: dict[Route, int]
    unanswered: int
    expected: float
    share: float
    low: float
    high: float
    chi_square: float
    p_value: float
    alpha: float
    fair: bool


class Splits(msgspec.Struct, frozen=True):
    """The test of all votes that went through the splitter, and one per kind of connection."""

    whole: SplitTest | None = None
    by_connection: dict[Connection, SplitTest] = {}


class Damage(msgspec.Struct, frozen=True):
    """Votes that a check failed: how many, and the ids of the first few."""

    count: int
    ids: list[str]


class TallyDifference(msgspec.Struct, frozen=True):
    """A counter of the tally that differs from the vote log's aggregate."""

    counter: str
    log: int
    tally: int


class Reconciliation(msgspec.Struct, frozen=True):
    """The votes sent, held against the vote log and the tally.

    `lost`: accepted, not in the log. `altered`: in the log with other content than was sent.
    `repeated`: accepted votes that share an id with another one. `refused_counted`: refused, yet
    in the log. `unknown`: votes without a clear answer, of which `unknown_counted` are in the log
    and `unknown_without_id` cannot be looked up. `others`: votes that came into the log meanwhile
    and are not ours; damage only if nobody else votes. `differences`: see `TallyDifference`, the
    first few of `difference_count`. `log_votes` and `tally_votes` count all that the stores have.
    """

    accepted: int
    lost: Damage
    altered: Damage
    repeated: Damage
    refused_counted: Damage
    unknown: int
    unknown_counted: int
    unknown_without_id: int
    others: int
    others_allowed: bool
    difference_count: int
    differences: list[TallyDifference]
    log_votes: int
    tally_votes: int
    caught_up_after: float | None

    @property
    def counted_unacknowledged(self) -> int:
        """How many votes were counted meanwhile without being acknowledged to us."""
        return self.others + self.unknown_counted
