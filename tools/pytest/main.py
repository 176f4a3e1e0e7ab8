"""Runs pytest the way Bazel runs a test. The entry point of every py_pytest."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest


def arguments() -> list[str]:
    """Return pytest's options for what Bazel sets in a test's environment."""
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


class Shard:
    """Runs one of `count` equal parts of a test; Bazel runs the others, too (shard_count)."""

    def __init__(self, index: int, count: int) -> None:
        self._index = index
        self._count = count

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep this part's tests."""
        own = items[self._index :: self._count]
        config.hook.pytest_deselected(items=[item for item in items if item not in own])
        items[:] = own


def plugins() -> list[Shard]:
    """Return the part that Bazel wants to run, unless it wants everything."""
    if "TEST_TOTAL_SHARDS" not in os.environ:
        return []
    Path(os.environ["TEST_SHARD_STATUS_FILE"]).touch()  # shows Bazel that shards are supported
    return [Shard(int(os.environ["TEST_SHARD_INDEX"]), int(os.environ["TEST_TOTAL_SHARDS"]))]


def untimed() -> None:
    """Let examples of Hypothesis take their time: a deadline for each fails on a busy machine."""
    if find_spec("hypothesis"):
        from hypothesis import settings

        settings.register_profile("untimed", deadline=None)
        settings.load_profile("untimed")


if __name__ == "__main__":
    untimed()
    sys.exit(pytest.main(arguments() + sys.argv[1:], plugins()))
