"""Runs pytest as Bazel wants a test to run. The entry point of every py_pytest."""

import os
import sys
from pathlib import Path

import pytest


def arguments() -> list[str]:
    """Return what Bazel tells a test through its environment, as pytest's options."""
    options = ["--config-file=pyproject.toml", "-p", "no:cacheprovider"]
    if report := os.environ.get("XML_OUTPUT_FILE"):
        options.append(f"--junit-xml={report}")
    if scratch := os.environ.get("TEST_TMPDIR"):
        options.append(f"--basetemp={Path(scratch, 'pytest')}")
    if limit := os.environ.get("TEST_TIMEOUT"):
        # A stuck test ends with a stack trace, before Bazel kills the whole process without one.
        options.append(f"--timeout={int(limit) * 4 / 5}")
    if only := os.environ.get("TESTBRIDGE_TEST_ONLY"):  # bazel test --test_filter
        options += ["-k", only]
    return options


if __name__ == "__main__":
    sys.exit(pytest.main(arguments() + sys.argv[1:]))
