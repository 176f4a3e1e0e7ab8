"""What a layer holds: files, symbolic links and folders by their paths, all owned by root."""

from pathlib import PurePosixPath
from typing import NamedTuple


class File(NamedTuple):
    """A file's content, and whether it is a program."""

    content: bytes
    executable: bool = False


class Link(NamedTuple):
    """A symbolic link to another path."""

    target: str


class Folder(NamedTuple):
    """A folder, which needs no entry of its own unless it is empty or its mode is special."""

    mode: int = 0o755


type Tree = dict[str, File | Link | Folder]
"""Entries by path; paths have no slash at either end."""

PROGRAM_STARTS = (b"\x7fELF", b"#!")


def file_of(content: bytes) -> File:
    """Return a file that is a program if it begins like one: Bazel keeps no modes."""
    return File(content, executable=content.startswith(PROGRAM_STARTS))


def with_folders(tree: Tree) -> Tree:
    """Return the tree with an entry for every folder above an entry."""
    folders = {str(above) for path in tree for above in PurePosixPath(path).parents}
    return {**{path: Folder() for path in folders - {"."}}, **tree}
