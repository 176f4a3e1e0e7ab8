import pytest

from svc_polls.voter_key_tool import run_voter_key_tool
from voting.voters.keys import read_keys


def test_the_command_makes_another_key_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for _ in range(2):
        assert run_voter_key_tool(["7"]) == 0
        item = capsys.readouterr().out.splitlines()[1].strip()
        found.append(read_keys(item).scope_keys(7, "awards-2026"))
    assert found[0] != found[1]


@pytest.mark.parametrize("arguments", [[], ["0"], ["256"], ["one"], ["1", "2"]])
def test_the_command_names_what_is_wrong(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run_voter_key_tool(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("svc_polls voter-key: error: ")
