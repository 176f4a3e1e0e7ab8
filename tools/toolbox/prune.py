"""Removes what nobody needs: outputs of deleted clones, toolboxes of older versions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from tools.toolbox import processes, rootfs
from tools.toolbox.lock import locked
from tools.toolbox.messages import say
from tools.toolbox.places import cache, output_base, output_user_root
from tools.toolbox.remove import remove

USED = "bazelw-toolbox"
"""The file in an output base that names the toolbox of its clone."""


def record_use(toolbox: Path) -> None:
    """Note that this clone needs `toolbox`."""
    note = output_base() / USED
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(toolbox.name)


def prune() -> None:
    """Remove the outputs of clones that are gone, then the toolboxes that none needs."""
    with locked(rootfs.lock(), "removing what is no longer needed"):
        for base in output_bases():
            clone = workspace(base)
            if clone and not clone.is_dir():
                say(f"removing what Bazel built for {clone}, which is gone")
                processes.stop(processes.bazel_server(base))
                remove(base)
        used = {note.read_text() for note in output_user_root().glob(f"*/{USED}")}
        for toolbox in set(cache().glob("toolbox-*/")):
            if toolbox.name not in used and not processes.running_in(toolbox.name):
                say(f"removing {toolbox.name}, of which a newer version is in use")
                remove(toolbox)


def output_bases() -> Iterator[Path]:
    """Yield the output base of each clone."""
    return (file.parent for file in output_user_root().glob("*/DO_NOT_BUILD_HERE"))


def workspace(base: Path) -> Optional[Path]:
    """Return the clone that an output base belongs to: Bazel notes it in this file."""
    noted = (base / "DO_NOT_BUILD_HERE").read_text().strip()
    return Path(noted) if noted else None
