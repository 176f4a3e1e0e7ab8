"""Who votes in a comparison in a poll that needs voters' tokens."""

import os

from loadtest.command.poll import PollVoters
from loadtest.driver.electorate import VOTER_KEYS
from loadtest.model.arrivals import Pattern
from loadtest.model.phase import Voters
from loadtest.plan.options import Options
from loadtest.plan.phases import planned_phases, seconds_of
from voting.voters.keys import InvalidKeysError, NoKeyError, read_keys

# Independent voters are now and then more than the rate says.
_MARGIN = 1.1


class NoVotersError(Exception):
    """The options and the poll do not agree on who votes; the text says what to do."""


def voters_of(options: Options, poll: PollVoters | None) -> Voters | None:
    """Return who votes, None in a poll without voters; raise `NoVotersError`."""
    if poll is None:
        if options.voters is not None:
            raise NoVotersError(f"--voters: poll {options.poll} needs no voters' tokens")
        return None
    if options.voters is None:
        raise NoVotersError(
            f"poll {options.poll} needs voters' tokens: give --voters N and set {VOTER_KEYS}"
        )
    try:
        read_keys(os.environ.get(VOTER_KEYS, "")).scope_keys(options.voter_key, poll.scope)
    except InvalidKeysError as error:
        raise NoVotersError(f"{VOTER_KEYS}: {error}") from error
    except NoKeyError as error:
        raise NoVotersError(f"--voter-key: {VOTER_KEYS} has no key {options.voter_key}") from error
    ballots = options.voters * poll.votes
    if (needed := ballots_needed(options)) > ballots:
        raise NoVotersError(
            f"--voters: {options.voters:,} have {ballots:,} votes, and about {needed:,} are cast"
        )
    return Voters(
        scope=poll.scope,
        key=options.voter_key,
        votes=poll.votes,
        per_entry=poll.per_entry,
        ballots=ballots,
    )


def ballots_needed(options: Options) -> int:
    """Return how many votes will be cast at most; 0 where no rate says so beforehand."""
    if options.ramp is not None or options.pattern is Pattern.CLOSED:
        return 0
    phases = planned_phases(options, options.output)
    return int(_MARGIN * sum(phase.rate * seconds_of([phase]) for phase in phases))
