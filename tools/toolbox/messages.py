"""How bazelw speaks: one line at a time, on stderr, with its name in front."""

import sys
from typing import NoReturn


def say(text: str) -> None:
    """Tells the user what happens."""
    print(f"bazelw: {text}", file=sys.stderr, flush=True)


def give_up(text: str) -> NoReturn:
    """Tells the user what is missing, and ends."""
    say(text)
    sys.exit(1)
