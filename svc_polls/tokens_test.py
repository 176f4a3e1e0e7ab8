import pytest

from svc_polls.settings import PollsSettings
from svc_polls.token_tool import run_token_tool
from svc_polls.tokens import (
    ORGANISERS_MAX,
    Organiser,
    Role,
    hash_of,
    new_token,
    read_organisers,
)
from voting.service.settings import SettingError, read_settings

HASH = "0" * 64


def test_an_organiser_is_found_by_the_token_and_by_nothing_else() -> None:
    tokens = [new_token() for _ in range(3)]
    lines = [f"org-{n}:editor:{hash_of(token)}" for n, token in enumerate(tokens)]
    organisers = read_organisers(", ".join(lines))
    for number, token in enumerate(tokens):
        found = organisers.with_token(token)
        assert found is not None
        assert found.name == f"org-{number}"
    for wrong in ("", new_token(), hash_of(tokens[0]), tokens[0] + " ", "\udcff"):
        assert organisers.with_token(wrong) is None


def test_an_organiser_may_have_several_roles() -> None:
    organisers = read_organisers(f"ana:operator+editor:{hash_of('x')}")
    found = organisers.with_token("x")
    assert found == Organiser("ana", frozenset({Role.EDITOR, Role.OPERATOR}), hash_of("x"))
    assert found.line == f"ana:editor+operator:{hash_of('x')}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ana", "must be name:roles:hash"),
        (f"ana:editor:{HASH},", "must be name:roles:hash"),
        (f"Ana:editor:{HASH}", "a name must have"),
        (f"{'a' * 65}:editor:{HASH}", "a name must have"),
        (f"svc_polls:editor:{HASH}", "the service's own name"),
        (f"ana:king:{HASH}", "editor, operator, releaser"),
        (f"ana::{HASH}", "editor, operator, releaser"),
        ("ana:editor:secret", "the hash of ana must be a SHA-256"),
        (f"ana:editor:{HASH},ben:editor:{HASH}", "the same hash"),
        (
            ",".join(f"ana:editor:{n:064x}" for n in range(ORGANISERS_MAX + 1)),
            f"must be at most {ORGANISERS_MAX}",
        ),
    ],
)
def test_a_wrong_list_is_refused_and_not_shown(text: str, reason: str) -> None:
    with pytest.raises(SettingError, match="ORGANISER_TOKENS") as caught:
        read_settings(PollsSettings, {"ORGANISER_TOKENS": text})
    assert reason in str(caught.value)
    assert HASH not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_longest_list_is_taken() -> None:
    text = ",".join(f"ana:editor:{n:064x}" for n in range(ORGANISERS_MAX))
    assert len(read_settings(PollsSettings, {"ORGANISER_TOKENS": text}).organisers) == 100


def test_the_command_makes_a_token_and_the_item_that_lets_it_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_token_tool(["ana", "operator+releaser"]) == 0
    _, token, _, line = capsys.readouterr().out.splitlines()
    found = read_organisers(line.strip()).with_token(token.strip())
    assert found is not None
    assert found.name == "ana"
    assert found.roles == {Role.OPERATOR, Role.RELEASER}


@pytest.mark.parametrize("arguments", [["ana"], ["ana", "king"], ["ana x", "editor"]])
def test_the_command_names_what_is_wrong(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_token_tool(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("svc_polls token: error: ")
