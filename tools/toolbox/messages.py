"""How bazelw speaks: one line at a time, on stderr, with its name in front."""

import sys
from pathlib import Path
from typing import NoReturn

from tools.toolbox.places import cache


def say(text: str) -> None:
    """Tell the user what happens."""
    print(f"bazelw: {text}", file=sys.stderr, flush=True)


def say_once(topic: str, text: str) -> None:
    """Tell the user something the first time, and again when it is something else."""
    told = Path(cache(), f"{topic}.told")
    if not told.exists() or told.read_text() != text:
        say(text)
        told.parent.mkdir(parents=True, exist_ok=True)
        told.write_text(text)


def give_up(text: str) -> NoReturn:
    """Tell the user what is missing, and end."""
    say(text)
    sys.exit(1)
