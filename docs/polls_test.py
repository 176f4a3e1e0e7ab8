"""What the pages about polls tell organisers to write is valid: files of polls, and commands."""

import re
import shlex
from itertools import chain
from pathlib import Path
from typing import Final

import pytest

from svc_polls.command.parser import command_parser
from svc_polls.command.poll_file import read_polls

_PAGES: Final = {
    name: Path("docs", name).read_text(encoding="utf-8")
    for name in ("deploy.md", "final-result.md", "operations.md", "polls.md", "voter-tokens.md")
}
_COMMAND: Final = re.compile(r"\./bazelw run //svc_polls:polls -- ([^`\n]+)")

COMMANDS: Final = sorted(set(chain.from_iterable(map(_COMMAND.findall, _PAGES.values()))))
[POLL] = re.findall(r"```yaml\n(poll:.*?)```", _PAGES["polls.md"], re.DOTALL)
FRAGMENTS: Final = [
    # Two alternatives may stand in one block.
    fragment
    for page in _PAGES.values()
    for block in re.findall(r"```yaml\n(voters:.*?)```", page, re.DOTALL)
    for fragment in re.split(r"^(?=voters:)", block, flags=re.MULTILINE)
    if fragment
]


def test_the_file_of_polls_is_valid() -> None:
    [poll] = read_polls(POLL)
    assert poll.id == "album-of-the-year"


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_a_part_of_a_file_is_valid_in_it(fragment: str) -> None:
    text, replaced = re.subn("^voters:.*\n", lambda _: fragment, POLL, flags=re.MULTILINE)
    assert replaced == 1
    read_polls(text)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_arguments_that_it_knows(command: str) -> None:
    assert command_parser().parse_args(shlex.split(command, comments=True)).command
