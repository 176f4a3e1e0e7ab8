"""The parts of events as `polls.v1` messages."""

from typing import Final

from polls.v1 import polls_pb2

from voting.polls.definition import Entry, PollDefinition, ShowResult, Titles
from voting.polls.ruling import Between, Lift, OfClass, Selection, VoteIds
from voting.voters.rules import AUDIENCE, VoterClass, VoterRules, Way

_TO_PROTO: Final = {
    ShowResult.LIVE: polls_pb2.SHOW_RESULT_LIVE,
    ShowResult.ON_CLOSE: polls_pb2.SHOW_RESULT_ON_CLOSE,
    ShowResult.ON_RELEASE: polls_pb2.SHOW_RESULT_ON_RELEASE,
}
_FROM_PROTO: Final = {number: show for show, number in _TO_PROTO.items()}
_WAY_TO_PROTO: Final = {
    Way.OPEN: polls_pb2.WAY_OPEN,
    Way.CODES: polls_pb2.WAY_CODES,
    Way.IDENTITY: polls_pb2.WAY_IDENTITY,
}
_WAY_FROM_PROTO: Final = {number: way for way, number in _WAY_TO_PROTO.items()}


class UnreadableEventError(ValueError):
    """A record of the log of polls is not an event that this version can read."""


def define_message(definition: PollDefinition) -> polls_pb2.Define:
    """Return the message of a definition."""
    return polls_pb2.Define(
        title_en=definition.titles.en,
        title_es=definition.titles.es,
        entries=[
            polls_pb2.Entry(id=entry.id, name=entry.name, album=entry.album, year=entry.year)
            for entry in definition.entries
        ],
        rank_min=definition.rank_min,
        rank_max=definition.rank_max,
        opens_at_ms=definition.opens_at_ms or 0,
        closes_at_ms=definition.closes_at_ms or 0,
        show_result=_TO_PROTO[definition.show_result],
        rehearsal=definition.rehearsal,
        voters=_voters_message(definition.voters),
        ties=definition.ties,
        # One is written as before there could be two.
        releasers=definition.releasers if definition.releasers > 1 else 0,
        answer_within_ms=definition.answer_within_ms,
    )


def _voters_message(rules: VoterRules | None) -> polls_pb2.VoterRules | None:
    if rules is None:
        return None
    # One class alone is written as before there were any.
    classes = () if rules.classes == (AUDIENCE,) else rules.classes
    return polls_pb2.VoterRules(
        scope=rules.scope,
        key=rules.key,
        votes=rules.votes,
        per_entry=rules.per_entry,
        classes=[
            polls_pb2.VoterClass(name=one.name, number=one.number, weight=one.weight)
            for one in classes
        ],
        ways=[_WAY_TO_PROTO[way] for way in rules.ways],
    )


def definition_of(message: polls_pb2.Define) -> PollDefinition:
    """Return the definition in a message; raise `UnreadableEventError` if it is none."""
    show_result = _FROM_PROTO.get(message.show_result)
    if show_result is None:
        raise UnreadableEventError("does not say when the result is shown")
    return PollDefinition(
        titles=Titles(message.title_en, message.title_es),
        entries=tuple(
            Entry(id=entry.id, name=entry.name, album=entry.album, year=entry.year)
            for entry in message.entries
        ),
        rank_min=message.rank_min,
        rank_max=message.rank_max,
        opens_at_ms=message.opens_at_ms or None,
        closes_at_ms=message.closes_at_ms or None,
        show_result=show_result,
        rehearsal=message.rehearsal,
        voters=_voters_of(message),
        ties=tuple(message.ties),
        releasers=message.releasers or 1,
        answer_within_ms=message.answer_within_ms,
    )


def _voters_of(message: polls_pb2.Define) -> VoterRules | None:
    if not message.HasField("voters"):
        return None
    rules = message.voters
    if any(way not in _WAY_FROM_PROTO for way in rules.ways):
        raise UnreadableEventError("has a way to a token that this version does not know")
    classes = tuple(VoterClass(one.name, one.number, one.weight) for one in rules.classes)
    return VoterRules(
        scope=rules.scope,
        key=rules.key,
        votes=rules.votes,
        per_entry=rules.per_entry,
        classes=classes or (AUDIENCE,),
        ways=tuple(_WAY_FROM_PROTO[way] for way in rules.ways),
    )


def propose_message(selection: Selection, reason: str) -> polls_pb2.Propose:
    """Return the message of a proposed ruling."""
    message = polls_pb2.Propose(reason=reason)
    match selection:
        case VoteIds(packed, batch):
            message.ids.packed, message.ids.batch = packed, batch or 0
            message.ids.SetInParent()
        case OfClass(voter_class):
            message.voter_class = voter_class
        case Between(from_ms, until_ms):
            message.between.from_ms, message.between.until_ms = from_ms, until_ms
            message.between.SetInParent()
        case Lift(ruling):
            message.lifts = ruling
    return message


def selection_of(message: polls_pb2.Propose) -> Selection:
    """Return what a proposed ruling is about; raise `UnreadableEventError` if it does not say."""
    match message.WhichOneof("selection"):
        case "ids":
            return VoteIds(message.ids.packed, message.ids.batch or None)
        case "voter_class":
            return OfClass(message.voter_class)
        case "between":
            return Between(message.between.from_ms, message.between.until_ms)
        case "lifts":
            return Lift(message.lifts)
        case _:
            raise UnreadableEventError("does not say which votes it is about")
