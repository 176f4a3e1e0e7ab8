"""Whether a vote of the vote log is in the result of its poll."""

from voting.domain.vote import Vote
from voting.polls.poll import Poll
from voting.polls.result import classes_of


def counts_in(poll: Poll, vote: Vote, partition: int, offset: int) -> bool:
    """Whether the poll counts the vote that has this place in the ledger, as far as is known.

    Before the cut is known, each vote that has an entry and a class of the poll does.
    """
    if not _has_place_for(vote, poll):
        return False
    return poll.cut is None or offset < poll.cut[partition]


def _has_place_for(vote: Vote, poll: Poll) -> bool:
    """Whether the poll has the vote's entry and class; no route takes a vote otherwise."""
    definition = poll.definition
    return any(entry.id == vote.entry for entry in definition.entries) and any(
        one.number == vote.voter_class for one in classes_of(definition)
    )
