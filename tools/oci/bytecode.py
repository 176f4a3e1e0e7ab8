"""Bytecode next to Python modules, so that a container does not compile them at every start."""

import marshal
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash

from tools.oci.tree import File, Tree

# PEP 552: the file has the hash of its source, and Python does not check it. So it depends on
# the source alone, and no source is read at start.
_UNCHECKED_HASH = (0b01).to_bytes(4, "little")


def with_bytecode(tree: Tree) -> Tree:
    """Return the tree with a .pyc in __pycache__ for each .py, for the Python that runs this."""
    compiled: Tree = {
        cache_from_source(path): File(bytecode(f"/{path}", entry.content))
        for path, entry in tree.items()
        if path.endswith(".py") and isinstance(entry, File)
    }
    return {**tree, **compiled}


def bytecode(path: str, source: bytes) -> bytes:
    """Return the .pyc of a module at `path` in the image, which tracebacks show."""
    code = compile(source, path, "exec", dont_inherit=True)
    return MAGIC_NUMBER + _UNCHECKED_HASH + source_hash(source) + marshal.dumps(code)
