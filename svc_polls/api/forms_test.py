import msgspec
import pytest

from svc_polls.api.forms import (
    CloseForm,
    DefinitionForm,
    InvalidFormError,
    VotersForm,
    definition_of,
    fault_of,
    form_of,
    read_time,
)
from voting.polls.definition import PollDefinition, ShowResult
from voting.testing.polls import DEFINITION, with_changes
from voting.voters.rules import VoterRules


@pytest.mark.parametrize(
    "definition",
    [
        DEFINITION,
        with_changes(rank_min=1, rank_max=1, rehearsal=True),
        with_changes(
            opens_at_ms=1_764_000_000_001,
            closes_at_ms=1_764_000_060_000,
            show_result=ShowResult.ON_RELEASE,
        ),
        with_changes(voters=VoterRules(scope="awards-2026", key=2, votes=3)),
        with_changes(voters=VoterRules(scope="awards-2026", key=1, per_entry=True)),
    ],
)
def test_a_definition_becomes_a_form_and_the_same_definition(definition: PollDefinition) -> None:
    assert definition_of(form_of(definition), 7_000) == definition
    text = msgspec.json.encode(form_of(definition))
    assert definition_of(msgspec.json.decode(text, type=DefinitionForm), 7_000) == definition


def fault(text: str, form: type = DefinitionForm) -> InvalidFormError:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(text, type=form)
    return fault_of(caught.value)


def test_a_fault_names_the_path_of_the_field() -> None:
    error = fault('{"titles": {"en": "a", "es": "b"}, "entries": [{"id": 7}]}')
    assert error.field == "entries[0].id"
    assert error.reason == "Expected `str`, got `int`"


@pytest.mark.parametrize(
    ("voters", "field", "reason"),
    [
        ({"scope": "A B"}, "voters.scope", "must be lower-case letters"),
        ({"scope": "a", "key": 256}, "voters.key", "must be from 1 to 255"),
        ({"scope": "a", "votes": 101}, "voters.votes", "must be from 1 to 100"),
        ({"scope": "a", "votes": 2, "per_entry": True}, "voters.votes", "must be left out"),
    ],
)
def test_a_broken_rule_for_voters_names_its_field(
    voters: dict[str, object], field: str, reason: str
) -> None:
    form = msgspec.structs.replace(form_of(DEFINITION), voters=msgspec.convert(voters, VotersForm))
    with pytest.raises(InvalidFormError, match=reason) as caught:
        definition_of(form, 7_000)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("voters", "field"),
    [
        ("{}", "voters"),
        ('{"scope": 7}', "voters.scope"),
        ('{"scope": "a", "key": "one"}', "voters.key"),
        ('{"scope": "a", "per_entry": 1}', "voters.per_entry"),
        ('{"scope": "a", "weight": 1}', "voters"),
    ],
)
def test_a_fault_among_the_rules_for_voters_names_its_path(voters: str, field: str) -> None:
    text = '{"titles": {"en": "a", "es": "b"}, "entries": [], "voters": %s}'
    assert fault(text % voters).field == field


def test_what_a_sender_made_up_is_shown_short_and_printable() -> None:
    error = fault('{"' + "\\u202e - at `$.x`" * 100 + '": 1}', CloseForm)
    assert error.field == ""
    assert error.reason.isprintable()
    assert len(error.reason) < 1_000


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00Z", "soon"])
def test_a_time_that_is_none_names_its_field(text: str) -> None:
    with pytest.raises(InvalidFormError) as caught:
        read_time("opens_at", text)
    assert caught.value.field == "opens_at"
    assert read_time("opens_at", None) is None
