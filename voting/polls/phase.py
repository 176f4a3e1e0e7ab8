"""Where a poll stands, in one word."""

from enum import StrEnum

from voting.polls.poll import Poll


class Phase(StrEnum):
    """The phases of a poll, in order."""

    DRAFT = "draft"  # waits for an organiser to open it
    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSED = "closed"  # waits for its cut
    FINAL = "final"


def phase_of(poll: Poll, now_ms: int) -> Phase:
    """Return the phase of a poll at this time."""
    if poll.cut is not None:
        return Phase.FINAL
    if poll.opens_at_ms is None:
        return Phase.DRAFT
    if poll.is_closed(now_ms):
        return Phase.CLOSED
    return Phase.OPEN if poll.is_open(now_ms) else Phase.SCHEDULED
