from textwrap import dedent

import pytest

from svc_polls.api.forms import DefinitionForm, EntryForm, ScaleForm, TitlesForm, VotersForm
from svc_polls.command.poll_file import PollFileError, read_polls
from voting.polls.definition import ShowResult

POLL = """\
poll: best-album
titles:
  en: Best album
  es: Mejor álbum
entries:
  - {id: swift, name: Taylor Swift, album: 1989, year: 2014}
  - id: yes
    name: Yes
    album: Fragile
    year: 1971
"""
FORM = DefinitionForm(
    titles=TitlesForm("Best album", "Mejor álbum"),
    entries=[
        EntryForm("swift", "Taylor Swift", "1989", 2014),
        EntryForm("yes", "Yes", "Fragile", 1971),
    ],
)


def test_values_are_what_their_fields_want() -> None:
    [poll] = read_polls(POLL)
    assert (poll.id, poll.line, poll.form) == ("best-album", 1, FORM)


def test_every_field_can_be_given() -> None:
    more = dedent("""\
        scale: {min: 1, max: 5}
        opens_at: 2026-12-31T20:00:00Z
        closes_at:
        show_result: on_release
        rehearsal: true
        voters: {scope: awards-2026, key: 2, votes: 3, per_entry: false}
    """)
    [poll] = read_polls(POLL + more)
    assert poll.form == DefinitionForm(
        titles=FORM.titles,
        entries=FORM.entries,
        scale=ScaleForm(1, 5),
        opens_at="2026-12-31T20:00:00Z",
        show_result=ShowResult.ON_RELEASE,
        rehearsal=True,
        voters=VotersForm("awards-2026", 2, 3),
    )


def test_a_file_may_have_a_list_or_several_documents() -> None:
    other = POLL.replace("best-album", "other")
    assert [poll.id for poll in read_polls(f"{POLL}---\n{other}")] == ["best-album", "other"]
    indented = "".join(f"  {line}\n" for line in POLL.splitlines())
    listed = read_polls(f"-\n{indented}-\n{indented.replace('best-album', 'other')}")
    assert [(poll.id, poll.line) for poll in listed] == [("best-album", 2), ("other", 13)]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "line 1: there is no poll"),
        ("[]", "line 1: there is no poll"),
        ("- just text", "line 1: a poll must have fields"),
        ("a: [", "line 1: expected the node content"),
        ("\n\n\t", "line 3: found character '\\t'"),
        ("\x00", "line 1: is not YAML"),
        ("[" * 900 + "]" * 900, "line 1: is not YAML"),
        (POLL.replace("best-album", "Best"), "line 1: poll: must be lower-case"),
        (POLL.replace("poll: best-album\n", ""), "line 1: poll: is missing"),
        (POLL + "---\n" + POLL, "line 12: poll best-album appears twice"),
        (POLL + "colour: red", "line 11: Object contains unknown field `colour`"),
        (POLL.replace("  es:", "  fr:"), "line 4: titles: Object contains unknown field `fr`"),
        (POLL.replace("  es: Mejor álbum\n", ""), "line 2: titles: Object missing required"),
        (POLL.replace("1971", "soon"), "line 10: entries[1].year: Expected `int`, got `str`"),
        (POLL.replace("1971", "1871"), "line 10: entries[1].year: must be from 1900"),
        (POLL.replace("id: yes", "id: swift"), "line 5: entries: 2 entries have the same id"),
        (POLL + "year: 1\nyear: 2", "line 12: year: appears twice"),
        (POLL + "scale: &a {min: 1}\nother: *a", "line 12: aliases like *a are not supported"),
        (POLL + "? [a]\n: b", "line 11: the name of a field must be a text"),
        (POLL + "opens_at: tomorrow", "line 11: opens_at: must be a time like"),
        (POLL + "rehearsal: maybe", "line 11: rehearsal: Expected `bool`, got `str`"),
        (POLL + "voters: {scope: A}", "line 11: voters.scope: must be lower-case"),
        (POLL + "voters:\n  key: 2", "line 11: voters: Object missing required field `scope`"),
        (POLL + "voters:\n  scope: a\n  key: 256", "line 13: voters.key: must be from 1 to 255"),
        (POLL + "voters:\n  scope: a\n  key: b", "line 13: voters.key: Expected `int`"),
        (POLL + "voters:\n  scope: a\n  vote: 2", "line 13: voters: Object contains unknown"),
        (
            POLL + "voters:\n  scope: a\n  per_entry: true\n  votes: 2",
            "line 14: voters.votes: must be left out with per_entry",
        ),
        (POLL + "scale: {min: 9, max: 5}", "line 11: scale: the scale must lie in 1 to 100"),
    ],
)
def test_an_error_names_the_line_and_the_field(text: str, error: str) -> None:
    with pytest.raises(PollFileError) as caught:
        read_polls(text)
    assert str(caught.value).startswith(error)
