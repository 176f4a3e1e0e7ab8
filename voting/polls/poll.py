"""A poll as its events left it."""

from typing import Final

import msgspec

from voting.polls.definition import PollDefinition, ShowResult
from voting.polls.ruling import Ruling

# A route that has not known for this long that it has the newest event takes no votes in polls.
FRESH_MS: Final = 10_000
# How far the clocks of our machines may differ.
SKEW_MS: Final = 1_000
# What narrows a poll is announced this long before: by then every route knows it, or is silent.
LEAD_MS: Final = FRESH_MS + SKEW_MS


class RefusedChangeError(ValueError):
    """An event breaks a rule: it keeps its number and changes nothing. The text says why."""


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """A poll as its events left it.

    `event` is the number of the last one, `defined` of the one that set the present definition,
    `published` of the one with the signed result, if there is one.
    `released_by` are the people who have released it; `rulings` are all that were ever proposed.
    Tokens of a class in `revoked_classes`, or of a batch in `revoked_batches`, admit no more.

    Times are Unix times in milliseconds; None until an organiser opens or closes it by hand.
    """

    id: str
    definition: PollDefinition
    opens_at_ms: int | None
    closes_at_ms: int | None
    cut: tuple[int, ...] | None = None
    published: int | None = None
    released_by: tuple[str, ...] = ()
    revoked_classes: frozenset[int] = frozenset()
    revoked_batches: frozenset[int] = frozenset()
    rulings: tuple[Ruling, ...] = ()
    defined: int
    event: int

    def is_open(self, now_ms: int) -> bool:
        """Whether a vote that is read now may be accepted."""
        if self.opens_at_ms is None or now_ms < self.opens_at_ms:
            return False
        return self.closes_at_ms is None or now_ms < self.closes_at_ms

    def is_closed(self, now_ms: int) -> bool:
        """Whether the poll was open and has ended, for good."""
        if self.opens_at_ms is None or self.closes_at_ms is None:
            return False
        return self.closes_at_ms <= now_ms

    def is_frozen(self, now_ms: int) -> bool:
        """Whether the definition can no longer be replaced."""
        return self.opens_at_ms is not None and self.opens_at_ms < now_ms + LEAD_MS

    @property
    def released(self) -> bool:
        """Whether as many people have released the result as its definition says."""
        return len(self.released_by) >= self.definition.releasers

    @property
    def last_answer_ms(self) -> int | None:
        """When the last vote may be accepted, by the route's clock; None without an end."""
        if self.closes_at_ms is None:
            return None
        return self.closes_at_ms + self.definition.answer_within_ms

    @property
    def settled_at_ms(self) -> int | None:
        """From when on no route accepts a vote, whichever clock it has; None without an end."""
        return None if self.last_answer_ms is None else self.last_answer_ms + SKEW_MS

    def shows_result(self, now_ms: int) -> bool:
        """Whether the audience may see the result: the one place that decides it."""
        match self.definition.show_result:
            case ShowResult.LIVE:
                return self.opens_at_ms is not None and self.opens_at_ms <= now_ms
            case ShowResult.ON_CLOSE:
                return self.cut is not None
            case ShowResult.ON_RELEASE:
                return self.released
