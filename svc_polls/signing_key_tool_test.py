import pytest

from svc_polls.signing_key_tool import run_signing_key_tool
from voting.signing.keys import read_signing_key, read_verifier_key


def test_the_command_makes_a_pair_that_belongs_together_and_another_each_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = set()
    for _ in range(2):
        assert run_signing_key_tool(["vote.example.org/2026"]) == 0
        lines = capsys.readouterr().out.splitlines()
        key = read_signing_key(lines[1].strip())
        assert read_verifier_key(lines[3].strip()) == key.verifier
        assert key.name == "vote.example.org/2026"
        found.add(key.text)
    assert len(found) == 2


@pytest.mark.parametrize("arguments", [[], [""], ["a b"], ["a+b"], ["a", "b"]])
def test_the_command_names_what_is_wrong(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_signing_key_tool(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("svc_polls signing-key: error: ")
