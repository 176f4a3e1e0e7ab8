"""Removes what nobody needs: outputs of deleted clones, toolboxes of older versions."""

from collections.abc import Iterator
from pathlib import Path

from tools.toolbox import processes, rootfs
from tools.toolbox.lock import locked
from tools.toolbox.messages import say
from tools.toolbox.places import cache, output_base, output_user_root
from tools.toolbox.remove import SUFFIX, remove, remove_leftovers

USED = "bazelw-toolbox"
"""The file in an output base that names the toolbox of its clone."""


def record_use(toolbox: Path) -> None:
    """Record that this clone needs `toolbox`."""
    note = output_base() / USED
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(toolbox.name)


def prune() -> None:
    """Remove the outputs of clones that are gone, then the toolboxes that none needs."""
    with locked(rootfs.lock(), "removing what is no longer needed"):
        remove_leftovers(cache())
        remove_leftovers(output_user_root())
        for base, clone in clones():
            if not clone.is_dir():
                say(f"removing what Bazel built for {clone}, which is gone")
                processes.stop(processes.bazel_server(base))
                remove(base)
                base.with_suffix(".lock").unlink(missing_ok=True)
        for toolbox in unused_toolboxes():
            say(f"removing {toolbox.name}: this machine's clones need other versions")
            remove(toolbox)


def output_bases() -> list[Path]:
    """Return the output bases of all clones, also of those that are gone."""
    return [f for f in output_user_root().glob("*") if f.is_dir() and f.suffix != SUFFIX]


def clones() -> Iterator[tuple[Path, Path]]:
    """Yield each output base and its clone, which Bazel records in a file there."""
    for base in output_bases():
        note = base / "DO_NOT_BUILD_HERE"
        if note.exists():
            yield base, Path(note.read_text().strip())


def unused_toolboxes() -> Iterator[Path]:
    """Yield the toolboxes that no clone needs and nothing runs in, unfinished ones among them."""
    notes = [base / USED for base in output_bases()]
    used = {note.read_text() for note in notes if note.exists()}
    for toolbox in cache().glob("toolbox-*"):
        if toolbox.suffix == SUFFIX or toolbox.name in used:
            continue
        if not processes.running_in(toolbox.name):
            yield toolbox
