"""Makes a layer of files that Bazel built or fetched: "PATH<tab>FILE" lines say where each goes."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from tools.oci.archive import write_archive
from tools.oci.bytecode import with_bytecode
from tools.oci.tree import Tree, file_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the layer."""
    parser = ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    parser.add_argument("output", type=Path)
    parser.add_argument("files", nargs="*", metavar="PATH<tab>FILE")
    parser.add_argument("--bytecode", action="store_true", help="add a .pyc to each .py")
    options = parser.parse_args(arguments)
    tree = read_files(options.files)
    write_archive(with_bytecode(tree) if options.bytecode else tree, options.output)


def read_files(lines: Sequence[str]) -> Tree:
    """Return the tree that the lines describe."""
    places = (line.split("\t") for line in lines)
    return {path: file_of(Path(file).read_bytes()) for path, file in places}


if __name__ == "__main__":
    main()
