"""The ids of all votes that a batch of codes or tokens can cast in a poll.

The ledger does not show a vote's batch. But a vote's id follows from its voter's token, and the
token of a code from batch and number, so whoever has the master keys can list the ids. Of tokens
that were made as a file the file is needed, too.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from voting.domain.vote import InvalidVoteError
from voting.polls.definition import PollDefinition
from voting.polls.ruling import RULING_IDS_MAX
from voting.voters.ballots import PollVoters
from voting.voters.codes import Code
from voting.voters.issuing import Issuer
from voting.voters.keys import MasterKeys, NoKeyError, ScopeKeys
from voting.voters.rules import VoterRules

_COLUMN: Final = "token"


class NoIdsError(ValueError):
    """The ids cannot be listed; the text says why."""


class Batch:
    """Lists the ids of votes in one poll."""

    def __init__(self, poll: str, definition: PollDefinition, keys: MasterKeys) -> None:
        """Raise `NoIdsError` for a poll without voters, or without their key."""
        self._rules = _rules_of(definition)
        self._keys = _scope_keys(keys, self._rules)
        self._voters = PollVoters(poll, self._rules, self._keys)
        self._places = _places(definition, self._rules)

    def of_codes(self, batch: int, serials: Sequence[int], class_name: str | None) -> list[str]:
        """Return the ids of the votes of these codes of a batch; raises `NoIdsError`."""
        self._check_count(len(serials))
        number = _class_number(self._rules, class_name)
        issuer = Issuer(self._rules, self._keys)
        tokens = (issuer.for_code(Code(number, batch, serial)) for serial in serials)
        return list(self._ids(tokens))

    def of_tokens(self, file: Path) -> list[str]:
        """Return the ids of the votes of the tokens in a file of `voters`; raises `NoIdsError`."""
        try:
            with file.open(encoding="utf-8", newline="") as rows:
                tokens = [row[_COLUMN] for row in csv.DictReader(rows)]
        except (OSError, UnicodeDecodeError, KeyError, csv.Error) as error:
            raise NoIdsError(f"{file}: has no column {_COLUMN}, or cannot be read") from error
        self._check_count(len(tokens))
        try:
            return list(self._ids(tokens))
        except InvalidVoteError as error:
            raise NoIdsError(f"{file}: a token {error.reason}") from error

    def _check_count(self, voters: int) -> None:
        most = RULING_IDS_MAX // len(self._places)
        if not 1 <= voters <= most:
            raise NoIdsError(
                f"a ruling has room for the votes of 1 to {most:,} voters of this poll"
            )

    def _ids(self, tokens: Iterable[str]) -> Iterator[str]:
        for token in tokens:
            for slot, entry in self._places:
                yield self._voters.ballot_id(token, slot, entry)[0]


def _places(definition: PollDefinition, rules: VoterRules) -> list[tuple[int | None, str]]:
    """Return slot and entry of each vote that a voter has."""
    if rules.per_entry:
        return [(None, entry.id) for entry in definition.entries]
    if rules.votes == 1:
        return [(None, "")]
    return [(slot, "") for slot in range(1, rules.votes + 1)]


def _rules_of(definition: PollDefinition) -> VoterRules:
    if definition.voters is None:
        raise NoIdsError("votes of this poll need no token, so they are of no batch")
    return definition.voters


def _scope_keys(keys: MasterKeys, rules: VoterRules) -> ScopeKeys:
    try:
        return keys.scope_keys(rules.key, rules.scope)
    except NoKeyError as error:
        raise NoIdsError(f"VOTER_KEYS has no key {rules.key}") from error


def _class_number(rules: VoterRules, name: str | None) -> int:
    if name is None:
        return 0
    for one in rules.classes:
        if one.name == name:
            return one.number
    raise NoIdsError(f"the poll has no class {name}")
