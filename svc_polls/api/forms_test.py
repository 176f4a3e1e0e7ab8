import msgspec
import pytest

from svc_polls.api.forms import (
    CloseForm,
    DefinitionForm,
    InvalidFormError,
    definition_of,
    fault_of,
    form_of,
    read_time,
)
from voting.polls.definition import PollDefinition, ShowResult
from voting.testing.polls import DEFINITION, with_changes


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
