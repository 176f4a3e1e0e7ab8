"""The promise, as a check: every acknowledged vote counts, and counts once. No I/O here."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from harness.promise.stores_reader import Contents
from harness.voters.sent_votes import SentVotes
from voting.domain.tally import UNIT_SEPARATOR, PollTally, Tally, entry_key, tally_of
from voting.merkle.frontier import Frontier
from voting.merkle.proofs import inclusion_proof, verify_inclusion
from voting.polls.excluded import Excluded, net
from voting.polls.poll import Poll
from voting.polls.ruling import rulings_in_force
from voting.stores.logged_vote import LoggedVote
from voting.stores.tally_fields import counter_fields

_SHOWN: Final = 3


class Violation(NamedTuple):
    """A broken rule: which, how often, and the first few cases."""

    rule: str
    times: int
    examples: list[str]

    def __str__(self) -> str:
        return f"{self.rule}: {self.times} ({', '.join(self.examples)})"


def violations(sent_votes: SentVotes, contents: Contents) -> list[Violation]:
    """Return every broken rule: where the stores do not have what the voters were promised."""
    log = {vote.id: vote for vote in contents.logged}
    found = {
        "acknowledged, but not in the vote log": _lost(sent_votes, log),
        "twice in the vote log": _twice(contents.logged),
        "in the vote log, but not what the voter sent first": _altered(sent_votes, log),
        "in the vote log, but nobody sent it": _foreign(sent_votes, log),
        "vote log is not the ledger's first copies": _not_the_first(contents.ledger.first, log),
        "tally is not the vote log's sum": _miscounted(contents),
        "in the ledger, but cast while its poll was not open": _outside_window(contents),
        "acknowledged, but behind the cut of its poll": _behind_cut(sent_votes, contents),
        "final result is not the ledger's votes before the cut": _not_final(contents),
        "excluded in the tally is not what rulings take of the ledger": _not_excluded(contents),
        "published result is not a recount of the ledger": _not_recounted(contents),
        "valid, but rejected": contents.rejections.valid,
        "not a vote, but not rejected": _not_rejected(contents),
        "the notary's tree is not of the ledger": _other_trees(contents),
        "acknowledged, but not proved by the notary": _unproved(sent_votes, contents),
        "answers that no voter should get": list(sent_votes.wrong_answers.elements()),
    }
    return [Violation(r, len(cases), cases[:_SHOWN]) for r, cases in found.items() if cases]


class RoundResult(NamedTuple):
    """The outcome of the votes of one round."""

    acknowledged: int
    lost: int
    double: int


def round_result(name: str, sent_votes: SentVotes, contents: Contents) -> RoundResult:
    """Return the outcome of the votes that were cast in a round, whose name is their album."""
    log = {vote.id for vote in contents.logged}
    ours = [i for i in sent_votes.acknowledged if sent_votes.sent[i].album == name]
    # Those in polls count for entries, which tell nothing about rounds: `violations` has them.
    open_poll = [logged.vote for logged in contents.logged if not logged.vote.poll]
    votes = [vote for vote in open_poll if vote.album == name]
    in_log = Counter((vote.name, vote.album, vote.year) for vote in votes)
    in_tally = {key: album.votes for key, album in contents.tally.albums.items() if key[1] == name}
    differences = [
        in_tally.get(key, 0) - in_log.get(key, 0) for key in in_tally.keys() | in_log.keys()
    ]
    lost = sum(vote_id not in log for vote_id in ours) - sum(d for d in differences if d < 0)
    return RoundResult(len(ours), lost, sum(d for d in differences if d > 0))


def _lost(sent_votes: SentVotes, log: Mapping[str, LoggedVote]) -> list[str]:
    return [vote_id for vote_id in sent_votes.acknowledged if vote_id not in log]


def _twice(logged: list[LoggedVote]) -> list[str]:
    return [vote_id for vote_id, n in Counter(vote.id for vote in logged).items() if n > 1]


def _altered(sent_votes: SentVotes, log: Mapping[str, LoggedVote]) -> list[str]:
    known = (sent_votes.sent[vote_id] for vote_id in sent_votes.sent.keys() & log.keys())
    return [str(b.id) for b in known if not b.is_logged_as(log[str(b.id)].vote)]


def _foreign(sent_votes: SentVotes, log: Mapping[str, LoggedVote]) -> list[str]:
    """Return votes that nobody sent, beyond those that may have come without a known id."""
    unknown = [
        vote_id
        for vote_id, logged in log.items()
        if vote_id not in sent_votes.sent and logged.vote.name not in sent_votes.others
    ]
    return unknown[sent_votes.anonymous :]


def _not_the_first(first: Mapping[str, LoggedVote], log: Mapping[str, LoggedVote]) -> list[str]:
    return [i for i in first.keys() | log.keys() if first.get(i) != log.get(i)]


def _outside_window(contents: Contents) -> list[str]:
    polls = contents.polls
    if polls is None:
        return []
    in_polls = (logged for logged in contents.ledger.first.values() if logged.vote.poll)
    return [logged.id for logged in in_polls if not _was_open(polls.get(logged.vote.poll), logged)]


def _was_open(poll: Poll | None, logged: LoggedVote) -> bool:
    return poll is not None and poll.is_open(logged.vote.cast_at_ms)


def _counts_for_good(contents: Contents, logged: LoggedVote) -> bool:
    """Return whether a vote lies before the cut of its poll; without a cut each may count."""
    poll = (contents.polls or {}).get(logged.vote.poll)
    if poll is None or poll.cut is None:
        return True
    return logged.place.offset < poll.cut[logged.place.partition]


def _behind_cut(sent_votes: SentVotes, contents: Contents) -> list[str]:
    first = contents.ledger.first
    acknowledged = (first[vote_id] for vote_id in sent_votes.acknowledged if vote_id in first)
    return [logged.id for logged in acknowledged if not _counts_for_good(contents, logged)]


def _not_final(contents: Contents) -> list[str]:
    """Return where what is said to count for good is not what lies before the cut."""
    before_cut = tally_of(
        logged.vote
        for logged in contents.ledger.first.values()
        if logged.vote.poll in contents.final and _counts_for_good(contents, logged)
    )
    final = Tally(polls=dict(contents.final))
    return list(_differences(counter_fields(before_cut), counter_fields(final)))


def _not_excluded(contents: Contents) -> list[str]:
    """Return the polls whose rulings take something else than the tally says."""
    expected, found = rulings_take(contents), contents.excluded
    polls = expected.keys() | found.keys()
    return [p for p in sorted(polls) if expected.get(p, {}) != _by_ruling(found.get(p))]


def _by_ruling(excluded: Excluded | None) -> dict[int, PollTally]:
    return {} if excluded is None else excluded.by_ruling


def _not_recounted(contents: Contents) -> list[str]:
    """Return where a published result is not that of a plain recount."""
    wrong = []
    taken = rulings_take(contents)
    for poll in (contents.polls or {}).values():
        result = contents.results.get(poll.id)
        if result is None:
            continue
        excluded = Excluded(taken.get(poll.id, {}))
        left = net(contents.final.get(poll.id, PollTally()), excluded)
        sums = [
            (entry["id"], one["number"], of_class["votes"], of_class["rank_sum"])
            for entry in result["entries"]
            for one, of_class in zip(result["classes"], entry["classes"], strict=True)
        ]
        said = {one["number"]: one["votes"] for one in result["rulings"] if one["votes"]}
        if any(left.of(entry, number) != (votes, ranks) for entry, number, votes, ranks in sums):
            wrong.append(f"sums of {poll.id}")
        if said != {number: tally.votes for number, tally in excluded.by_ruling.items()}:
            wrong.append(f"rulings of {poll.id}")
    return wrong


def rulings_take(contents: Contents) -> dict[str, dict[int, PollTally]]:
    """Return what rulings take of the ledger's votes, by poll and ruling: one vote at a time."""
    taken: dict[str, dict[int, PollTally]] = {}
    for logged in contents.ledger.first.values():
        vote = logged.vote
        poll = (contents.polls or {}).get(vote.poll)
        if poll is None or not poll.rulings or not _counts_for_good(contents, logged):
            continue
        vote_id = UUID(vote.id).bytes
        for one in rulings_in_force(poll.rulings):
            if one.reaches(vote_id, vote.voter_class, logged.arrived_at_ms):
                tally = taken.setdefault(poll.id, {}).setdefault(one.number, PollTally())
                key = entry_key(vote.entry, vote.voter_class)
                tally.add(key, 1, vote.rank, vote.route)
                break
    return taken


def _other_trees(contents: Contents) -> list[str]:
    """Return the partitions whose signed root is not that of the ledger's records."""
    wrong = []
    for number, tree in (contents.trees or {}).items():
        ledger = Frontier()
        ledger.extend(contents.ledger.leaves.get(number, [])[: tree.checkpoint.size])
        if (ledger.size, ledger.root()) != tree.checkpoint[1:]:
            wrong.append(f"partition {number}")
    return wrong


def _unproved(sent_votes: SentVotes, contents: Contents) -> list[str]:
    """Return the votes of whose record no proof leads to a signed checkpoint."""
    if contents.trees is None:
        return []
    first = contents.ledger.first
    acknowledged = (first[vote_id] for vote_id in sent_votes.acknowledged if vote_id in first)
    return [logged.id for logged in acknowledged if not _is_proved(contents, logged)]


def _is_proved(contents: Contents, logged: LoggedVote) -> bool:
    number, offset = logged.place
    (_, size, root), nodes = (contents.trees or {})[number]
    if offset >= size:
        return False
    proof = inclusion_proof(offset, size, nodes)
    return verify_inclusion(contents.ledger.leaves[number][offset], offset, size, proof, root)


def _not_rejected(contents: Contents) -> list[str]:
    return [str(place) for place in contents.ledger.not_votes - contents.rejections.places]


def _miscounted(contents: Contents) -> list[str]:
    logged = tally_of(entry.vote for entry in contents.logged)
    return list(_differences(counter_fields(logged), counter_fields(contents.tally)))


def _differences(log: Mapping[str, int], tally: Mapping[str, int]) -> Iterator[str]:
    for field in sorted(log.keys() | tally.keys()):
        if log.get(field, 0) != tally.get(field, 0):
            readable = field.replace(UNIT_SEPARATOR, " / ")
            yield f"{readable} is {tally.get(field, 0)} instead of {log.get(field, 0)}"
