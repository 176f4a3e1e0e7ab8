"""What Bazel skips is what bazelw says; in the toolbox, nothing."""

import os
from pathlib import Path
from typing import Final

import pytest

from tools.toolbox import prebuilt
from tools.toolbox.processes import VARIABLE

MISSING: Final = Path(os.environ.get("MISSING", "../programs/missing.txt"))
"""The programs that Bazel did not find."""


def test_bazelw_names_what_bazel_misses() -> None:
    said = [program.partition(" ")[0] for program in prebuilt.absent()]
    assert said == MISSING.read_text().split()


@pytest.mark.skipif(VARIABLE not in os.environ, reason="with a bazel of one's own")
def test_the_toolbox_has_every_program() -> None:
    assert MISSING.read_text() == ""
