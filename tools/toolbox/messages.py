"""The messages of bazelw: lines on stderr, with its name in front."""

import sys
from pathlib import Path
from typing import NoReturn

from tools.toolbox.places import cache


def say(text: str) -> None:
    """Print a message."""
    print(f"bazelw: {text}", file=sys.stderr, flush=True)


def say_once(topic: str, text: str) -> None:
    """Print a message, unless it is the last one about its topic."""
    last = Path(cache(), f"{topic}.told")
    if not last.exists() or last.read_text() != text:
        say(text)
        last.parent.mkdir(parents=True, exist_ok=True)
        last.write_text(text)


def give_up(text: str) -> NoReturn:
    """Print a message and exit with status 1."""
    say(text)
    sys.exit(1)
