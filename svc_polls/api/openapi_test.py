"""The document, held against what is sent and answered."""

import json
from http import HTTPStatus
from typing import Any, Final

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from svc_polls.api.answers import changed_answer, history_page, poll_list, poll_state
from svc_polls.api.console import Me, PollLogState, SystemState
from svc_polls.api.forms import VotersForm, form_of
from svc_polls.api.openapi import polls_document
from svc_polls.api.ruling_answers import (
    PreviewState,
    RulingPreview,
    entry_votes,
    ruling_with_ids,
)
from svc_polls.log.history import PollHistory
from svc_polls.testing.fakes import NOW
from svc_polls.tokens import Role
from svc_polls.watch.services import Instance, WatchedService
from svc_polls.watch.vote_flow import VoteFlow
from voting.domain.tally import EntryTally, PollTally
from voting.domain.times import to_rfc3339
from voting.domain.vote import Route
from voting.http.problem import ProblemError
from voting.polls.event import Approve, Change, Close, Cut, Define, Open, Propose, Refuse
from voting.polls.ruling import Between, Lift, OfClass, vote_ids
from voting.testing.polls import DEFINITION, POLL, PollLog, entries, with_changes
from voting.voters.rules import VoterRules

DOCUMENT: Final = polls_document()

RULINGS: Final[list[Change]] = [
    Propose(vote_ids([bytes(16)], batch=3), "Sold codes"),
    Propose(OfClass(0), "Not a jury"),
    Propose(Between(1, 2), "A test"),
    Approve(1),
    Propose(Lift(1), "A mistake"),
    Refuse(2),
]

TAKEN: Final = PollTally({"moon": EntryTally(2, 9), "blue@1": EntryTally(1, 1)}, {Route.HTTP: 3})
PREVIEWS: Final = [
    RulingPreview(
        state=PreviewState.COUNTED, votes=3, votes_now=7, entries=entry_votes(TAKEN, DEFINITION)
    ),
    RulingPreview(state=PreviewState.UNKNOWN, reason="Redis is away"),
    RulingPreview(state=PreviewState.HIDDEN),
    None,
]


def fits(name: str, value: Any) -> bool:
    """Return whether a value, encoded as JSON, fits the schema of this name."""
    schema = {
        "$ref": f"#/components/schemas/{name}",
        "components": {"schemas": DOCUMENT["components"]["schemas"]},
    }
    checker = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator(schema, format_checker=checker)
    return validator.is_valid(json.loads(msgspec.json.encode(value)))


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_answers_are_as_documented() -> None:
    log, history = PollLog(), PollHistory()
    rules = VoterRules(scope="awards", key=1)
    definition = with_changes(answer_within_ms=1_000, voters=rules)
    changes: list[Change] = [Define(definition), Open(), Close(None), Cut((3, 4))]
    for at_ms, change in zip([NOW, NOW, NOW, NOW + 60_000], changes, strict=True):
        recorded = log.append(change, at_ms)
        assert recorded.refusal is None
        history.note(log.records[-1][0], recorded)
        poll = log.book.polls[POLL]
        assert fits("PollState", poll_state(poll, NOW))
        assert fits("Changed", changed_answer(recorded, poll, NOW))
        assert fits("PollList", poll_list([poll, poll], 1, NOW))
    for number, change in enumerate(RULINGS):
        recorded = log.append(change, NOW + 60_000, author=f"rea-{number}")
        assert recorded.refusal is None
        history.note(log.records[-1][0], recorded)
        assert fits("PollState", poll_state(log.book.polls[POLL], NOW))
        assert fits("HistoryPage", history_page(history.of(POLL, 4, 30), 30))
    for one, preview in zip(log.book.polls[POLL].rulings, PREVIEWS, strict=True):
        assert fits("RulingWithIds", ruling_with_ids(one, definition, preview, ids=True))
    assert fits("HistoryPage", history_page(history.of(POLL, 0, 3), 2))
    assert fits("Problem", ProblemError(HTTPStatus.CONFLICT, "no", field="as").problem)


@pytest.mark.parametrize(
    ("voters", "good"),
    [
        (None, True),
        (VotersForm("awards-2026"), True),
        (VotersForm("awards-2026", 255, 100), True),
        (VotersForm("awards-2026", per_entry=True), True),
        (VotersForm("A B"), False),
        (VotersForm("a", 256), False),
        (VotersForm("a", votes=101), False),
    ],
)
def test_rules_for_voters_are_as_documented(voters: VotersForm | None, good: bool) -> None:
    form = msgspec.structs.replace(form_of(with_changes()), voters=voters)
    assert fits("DefinitionForm", form) is good


def test_what_the_console_asks_is_as_documented() -> None:
    log = PollLogState(event=3, proof_age_ms=None, fresh=False, halted="a gap")
    instance = Instance(address="10.0.0.1:80", ready=False, reason="starting", polls_known=None)
    services = [WatchedService("svc", [instance], "1 more was not asked")]
    for votes, found in ((None, None), (VoteFlow(0.5, 3, None), services)):
        assert fits("SystemState", SystemState(to_rfc3339(NOW), log, votes, found, True))
    assert fits("Me", Me("ana", [Role.EDITOR]))


GOOD: Final[dict[str, Any]] = msgspec.to_builtins(form_of(with_changes(entries=entries(2))))


@pytest.mark.parametrize(
    ("changes", "good"),
    [
        ({}, True),
        ({"entries": []}, False),
        ({"entries": [msgspec.to_builtins(entry) for entry in entries(501)]}, False),
        ({"scale": {"min": 0}}, False),
        ({"scale": {"min": 1, "max": 1}}, True),
        ({"show_result": "on_release"}, True),
        ({"show_result": "never"}, False),
        ({"rehearsal": 1}, False),
        ({"opens_at": None}, True),
        ({"colour": "red"}, False),
    ],
)
def test_forms_are_as_documented(changes: dict[str, Any], good: bool) -> None:
    assert fits("DefinitionForm", GOOD | changes) is good


def test_each_operation_lists_what_a_client_must_be_ready_for() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            # The console is answered also while the newest events are not known.
            always = {"401"} if path in {"/api/me", "/api/system"} else {"401", "503"}
            assert always <= operation["responses"].keys(), path
            if method != "get":
                assert {"403", "409", "412", "504"} <= operation["responses"].keys(), path
