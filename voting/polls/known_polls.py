"""The polls that a route knows, how fresh that is, and the judgement of a vote in one of them."""

from enum import StrEnum
from typing import Final

from voting.domain.vote import InvalidVoteError, Vote
from voting.polls.book import FRESH_MS, Poll, PollBook
from voting.polls.definition import Entry

NO_SUCH_ENTRY: Final = "urn:voting:problem:no-such-entry"


class RefusalKind(StrEnum):
    """Why a vote in a poll is not taken, as the `type` of the problem."""

    NO_SUCH_POLL = "urn:voting:problem:no-such-poll"
    NOT_OPEN = "urn:voting:problem:poll-not-open"
    CLOSED = "urn:voting:problem:poll-closed"


class PollRefusedError(InvalidVoteError):
    """The poll takes no votes at this moment; `poll` is None when there is no such poll."""

    def __init__(self, kind: RefusalKind, reason: str, poll: Poll | None = None) -> None:
        super().__init__("poll", reason, kind)
        self.poll = poll


class StalePollsError(Exception):
    """It is not known whether these are the newest events: votes in polls must wait."""


class KnownPolls:
    """The polls as of the last event read, and the last proof that there was no newer one.

    The proof is a time of this machine's clock: as it was before the question was asked.
    """

    def __init__(self) -> None:
        self.book = PollBook()
        self._proved_at_ms = 0
        self._entries: dict[tuple[str, int], _Entries] = {}

    def prove(self, asked_at_ms: int) -> None:
        """Note that a question asked at this time found no event that `book` does not have."""
        self._proved_at_ms = max(self._proved_at_ms, asked_at_ms)

    def age_ms(self, now_ms: int) -> int:
        """Return how old the last proof is; negative after the clock was set back."""
        return now_ms - self._proved_at_ms

    def is_fresh(self, now_ms: int) -> bool:
        """Whether votes in polls can be judged now."""
        return 0 <= now_ms - self._proved_at_ms <= FRESH_MS

    def open_poll(self, poll_id: str, now_ms: int) -> Poll:
        """Return the poll for a vote that is read now.

        Raises `StalePollsError`, or `PollRefusedError` when it is not open.
        """
        if not self.is_fresh(now_ms):
            raise StalePollsError
        return self._open_at(poll_id, now_ms)

    def entry(self, poll: Poll, entry_id: str) -> Entry:
        """Return an entry by its id; raise `InvalidVoteError` when the poll does not have it."""
        entry = self._entries_of(poll).by_id.get(entry_id)
        if entry is None:
            raise InvalidVoteError("entry", "is not an entry of this poll", NO_SUCH_ENTRY)
        return entry

    def entry_named(self, poll: Poll, name: str, album: str, year: int) -> Entry:
        """Return the entry of this name, album and year, or raise `InvalidVoteError`."""
        entry = self._entries_of(poll).by_album.get((name, album, year))
        if entry is None:
            raise InvalidVoteError("album", "is not an entry of this poll", NO_SUCH_ENTRY)
        return entry

    def check(self, vote: Vote, now_ms: int) -> None:
        """Check a vote in a poll that another program judged; `now_ms` is our time.

        Raises what `open_poll` raises, as of when the vote was cast, and `InvalidVoteError`.
        """
        if vote.poll_event > self.book.number or not self.is_fresh(now_ms):
            raise StalePollsError
        poll = self._open_at(vote.poll, vote.cast_at_ms)
        if not may_be_accepted(poll, now_ms):
            raise PollRefusedError(RefusalKind.CLOSED, "is closed", poll)
        entry = self.entry(poll, vote.entry)
        if (entry.name, entry.album, entry.year) != (vote.name, vote.album, vote.year):
            raise InvalidVoteError("entry", "does not have this name, album and year")
        check_scale(poll, vote.rank)

    def may_still_accept(self, poll_id: str, now_ms: int) -> bool:
        """Whether a vote of this poll that Kafka has may be accepted now, to its voter's face."""
        poll = self.book.polls.get(poll_id)
        return poll is not None and may_be_accepted(poll, now_ms)

    def _open_at(self, poll_id: str, at_ms: int) -> Poll:
        poll = self.book.polls.get(poll_id)
        if poll is None:
            raise PollRefusedError(RefusalKind.NO_SUCH_POLL, "does not exist")
        if not poll.is_open(at_ms):
            if poll.is_closed(at_ms):
                raise PollRefusedError(RefusalKind.CLOSED, "is closed", poll)
            raise PollRefusedError(RefusalKind.NOT_OPEN, "is not open yet", poll)
        return poll

    def _entries_of(self, poll: Poll) -> _Entries:
        key = (poll.id, poll.event)
        found = self._entries.get(key)
        if found is None:
            self._entries = {k: v for k, v in self._entries.items() if k[0] != poll.id}
            found = self._entries[key] = _Entries(poll)
        return found


class _Entries:
    """A poll's entries by id, and by what they name."""

    __slots__ = ("by_album", "by_id")

    def __init__(self, poll: Poll) -> None:
        entries = poll.definition.entries
        self.by_id = {entry.id: entry for entry in entries}
        self.by_album = {(entry.name, entry.album, entry.year): entry for entry in entries}


def may_be_accepted(poll: Poll, now_ms: int) -> bool:
    """Whether the time in which votes are answered has not passed."""
    return poll.last_answer_ms is None or now_ms <= poll.last_answer_ms


def check_scale(poll: Poll, rank: int) -> int:
    """Return the rank if it lies on the poll's scale, else raise `InvalidVoteError`."""
    low, high = poll.definition.rank_min, poll.definition.rank_max
    if not low <= rank <= high:
        must = f"must be from {low} to {high}" if low < high else f"must be {low}"
        raise InvalidVoteError("rank", must)
    return rank
