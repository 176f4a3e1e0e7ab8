from typing import Any
from uuid import UUID

import msgspec
import pytest

from svc_polls.api.forms import InvalidFormError
from svc_polls.api.ruling_forms import RulingForm, propose_of
from voting.domain.short_id import short_id
from voting.polls.ruling import RULING_IDS_MAX, Between, Lift, OfClass, Selection, vote_ids
from voting.testing.examples import vote_with
from voting.testing.polls import CLASSES, with_changes
from voting.voters.rules import VoterRules

ID = vote_with().id
PACKED = UUID(ID).bytes
DEFINITION = with_changes(voters=VoterRules(scope="a", key=1, classes=CLASSES))
DAY = {"from": "2026-11-30T10:00:00Z", "until": "2026-11-30T10:00:00.001Z"}


def form(**fields: Any) -> RulingForm:
    return msgspec.convert({"reason": "Bots", **fields}, RulingForm)


@pytest.mark.parametrize(
    ("fields", "selection"),
    [
        ({"ids": [ID]}, vote_ids([PACKED])),
        ({"ids": [short_id(ID), f" {ID.upper()} ", ID], "batch": 3}, vote_ids([PACKED], 3)),
        ({"voter_class": "jury"}, OfClass(1)),
        ({"between": DAY}, Between(1_796_032_800_000, 1_796_032_800_001)),
        ({"lifts": 2}, Lift(2)),
    ],
)
def test_a_form_says_which_votes(fields: dict[str, Any], selection: Selection) -> None:
    assert propose_of(form(**fields), DEFINITION).selection == selection


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, ""),
        ({"ids": [ID], "lifts": 1}, ""),
        ({"ids": []}, "ids"),
        ({"ids": [ID] * (RULING_IDS_MAX + 1)}, "ids"),
        ({"ids": [ID, "7"]}, "ids[1]"),
        ({"ids": [ID], "batch": 0}, "batch"),
        ({"ids": [ID], "batch": 65_536}, "batch"),
        ({"lifts": 1, "batch": 1}, "batch"),
        ({"voter_class": "none"}, "voter_class"),
        ({"between": DAY | {"from": "today"}}, "between.from"),
        ({"between": DAY | {"until": DAY["from"]}}, "between.until"),
        ({"lifts": 1, "reason": "\u200b"}, "reason"),
        ({"lifts": 1, "reason": "x" * 201}, "reason"),
        ({"lifts": 1, "reason": "one\ntwo"}, "reason"),
    ],
)
def test_a_wrong_form_is_refused_by_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFormError) as caught:
        propose_of(form(**fields), DEFINITION)
    assert caught.value.field == field


def test_invisible_characters_steer_no_reason() -> None:
    written = form(lifts=1, reason=" sold \u202eedoc\u2066s\u200b ")
    assert propose_of(written, DEFINITION).reason == "sold edocs"
