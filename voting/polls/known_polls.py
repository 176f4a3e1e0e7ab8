"""The polls that a route knows, how fresh that is, and the judgement of a vote in one of them."""

import logging
from enum import StrEnum
from math import inf
from typing import Final

from voting.domain.vote import InvalidVoteError, Vote
from voting.polls.book import PollBook
from voting.polls.definition import Entry
from voting.polls.poll import FRESH_MS, SKEW_MS, Poll
from voting.voters.ballots import PollVoters
from voting.voters.keys import MasterKeys, NoKeyError

_log = logging.getLogger(__name__)

NO_SUCH_ENTRY: Final = "urn:voting:problem:no-such-entry"
RESULT_NOT_SHOWN: Final = "urn:voting:problem:result-not-shown"


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


class NoVoterKeyError(Exception):
    """The key is not here with which the tokens of a poll's voters are checked."""


class UntimelyVoteError(Exception):
    """A vote was read too long ago to be accepted, or a clock is wrong.

    The time of a vote in a poll decides whether the poll is open, so it is never replaced by ours.
    """


class KnownPoll:
    """A poll as routes need it for a vote: times without exceptions, entries by what names them."""

    __slots__ = (
        "_by_album",
        "_by_id",
        "_classes",
        "_closes_at_ms",
        "_opens_at_ms",
        "_ranks",
        "_voters",
        "_within_ms",
        "poll",
    )

    def __init__(self, poll: Poll, keys: MasterKeys | None) -> None:
        self.poll = poll
        self._voters = _voters_of(poll, keys)
        rules = poll.definition.voters
        self._classes = frozenset(one.number for one in rules.classes) if rules else {0}
        self._opens_at_ms = inf if poll.opens_at_ms is None else poll.opens_at_ms
        self._closes_at_ms = inf if poll.closes_at_ms is None else poll.closes_at_ms
        self._within_ms = poll.definition.answer_within_ms
        self._ranks = range(poll.definition.rank_min, poll.definition.rank_max + 1)
        entries = poll.definition.entries
        self._by_id = {entry.id: entry for entry in entries}
        self._by_album = {(entry.name, entry.album, entry.year): entry for entry in entries}

    def check_open(self, now_ms: int) -> None:
        """Raise `PollRefusedError` unless a vote that is read now may be accepted."""
        if self._opens_at_ms <= now_ms < self._closes_at_ms:
            return
        if self.poll.is_closed(now_ms):
            raise PollRefusedError(RefusalKind.CLOSED, "is closed", self.poll)
        raise PollRefusedError(RefusalKind.NOT_OPEN, "is not open yet", self.poll)

    @property
    def has_voters(self) -> bool:
        """Whether a vote needs a voter's token."""
        return self.poll.definition.voters is not None

    def ballot_id(self, voter: str | None, slot: int | None, entry: str) -> tuple[str, int]:
        """Return the id of a vote in a poll with voters, and its voter's class.

        Raises what `PollVoters.ballot_id` raises, and `NoVoterKeyError`.
        """
        if self._voters is None:
            raise NoVoterKeyError
        return self._voters.ballot_id(voter, slot, entry)

    def entry(self, entry_id: str) -> Entry:
        """Return an entry by its id; raise `InvalidVoteError` when the poll does not have it."""
        entry = self._by_id.get(entry_id)
        if entry is None:
            raise InvalidVoteError("entry", "is not an entry of this poll", NO_SUCH_ENTRY)
        return entry

    def entry_named(self, name: str, album: str, year: int) -> Entry:
        """Return the entry of this name, album and year, or raise `InvalidVoteError`."""
        entry = self._by_album.get((name, album, year))
        if entry is None:
            raise InvalidVoteError("album", "is not an entry of this poll", NO_SUCH_ENTRY)
        return entry

    def may_accept(self, cast_at_ms: int, now_ms: int) -> bool:
        """Whether a vote that was read then may be accepted now: it has not taken too long."""
        return now_ms <= cast_at_ms + self._within_ms

    def check_rank(self, rank: int) -> int:
        """Return the rank if it lies on the poll's scale, else raise `InvalidVoteError`."""
        if rank not in self._ranks:
            low, high = self._ranks[0], self._ranks[-1]
            must = f"must be from {low} to {high}" if low < high else f"must be {low}"
            raise InvalidVoteError("rank", must)
        return rank

    def check_class(self, voter_class: int) -> None:
        """Raise `InvalidVoteError` unless the poll has voters of this class."""
        if voter_class not in self._classes:
            raise InvalidVoteError("voter_class", "is not a class of this poll's voters")


def _voters_of(poll: Poll, keys: MasterKeys | None) -> PollVoters | None:
    """Return what checks tokens of the poll's voters; None without rules, or without the key."""
    rules = poll.definition.voters
    if rules is None or keys is None:
        return None
    try:
        return PollVoters(
            poll.id,
            rules,
            keys.scope_keys(rules.key, rules.scope),
            revoked_classes=poll.revoked_classes,
            revoked_batches=poll.revoked_batches,
        )
    except NoKeyError:
        _log.error(
            "poll %s gets no votes here: VOTER_KEYS has no key %s for its voters' tokens",
            poll.id,
            rules.key,
            extra={"poll": poll.id},
        )
        return None


class KnownPolls:
    """The polls as of the last event read, and the last proof that there was no newer one.

    The proof is a time of this machine's clock: as it was before the question was asked.
    """

    def __init__(self, keys: MasterKeys | None = None) -> None:
        """`keys` are needed to check voters' tokens; None: this program checks none."""
        self._keys = keys
        self.book = PollBook()
        self._proved_at_ms = 0
        self._known: dict[str, KnownPoll] = {}

    def prove(self, asked_at_ms: int) -> None:
        """Note that a question asked at this time found no event that `book` does not have."""
        self._proved_at_ms = max(self._proved_at_ms, asked_at_ms)

    def age_ms(self, now_ms: int) -> int:
        """Return how old the last proof is; negative after the clock was set back."""
        return now_ms - self._proved_at_ms

    def is_fresh(self, now_ms: int) -> bool:
        """Whether votes in polls can be judged now."""
        return 0 <= now_ms - self._proved_at_ms <= FRESH_MS

    def open_poll(self, poll_id: str, now_ms: int) -> KnownPoll:
        """Return the poll for a vote that is read now.

        Raises `StalePollsError`, or `PollRefusedError` when it is not open.
        """
        if not self.is_fresh(now_ms):
            raise StalePollsError
        known = self._poll(poll_id)
        known.check_open(now_ms)
        return known

    def check(self, vote: Vote, now_ms: int) -> None:
        """Check a vote in a poll that another program judged; `now_ms` is our time.

        Raises what `open_poll` raises, as of when the vote was cast, `InvalidVoteError`, and
        `UntimelyVoteError`.
        """
        if vote.poll_event > self.book.number or not self.is_fresh(now_ms):
            raise StalePollsError
        known = self._poll(vote.poll)
        known.check_open(vote.cast_at_ms)
        is_ahead = vote.cast_at_ms > now_ms + SKEW_MS
        if is_ahead or not known.may_accept(vote.cast_at_ms, now_ms - SKEW_MS):
            raise UntimelyVoteError
        entry = known.entry(vote.entry)
        if entry.name != vote.name or entry.album != vote.album or entry.year != vote.year:
            raise InvalidVoteError("entry", "does not have this name, album and year")
        known.check_rank(vote.rank)
        known.check_class(vote.voter_class)

    def may_still_accept(self, poll_id: str, cast_at_ms: int, now_ms: int) -> bool:
        """Whether a vote of this poll that Kafka has may be accepted now, to its voter's face.

        It must not have taken longer since it was read than the poll allows. The end is no
        measure: an early one may have become known to all others since then. But it lies after
        the reading, so this is soon enough for whatever end there is.
        """
        return poll_id in self.book.polls and self._poll(poll_id).may_accept(cast_at_ms, now_ms)

    def has_voters(self, poll_id: str) -> bool:
        """Whether there is such a poll, and its votes need voters' tokens."""
        poll = self.book.polls.get(poll_id)
        return poll is not None and poll.definition.voters is not None

    def _poll(self, poll_id: str) -> KnownPoll:
        poll = self.book.polls.get(poll_id)
        known = self._known.get(poll_id)
        if known is not None and known.poll is poll:
            return known
        if poll is None:
            raise PollRefusedError(RefusalKind.NO_SUCH_POLL, "does not exist")
        known = self._known[poll_id] = KnownPoll(poll, self._keys)
        return known
