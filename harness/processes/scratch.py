"""A temporary folder for a command's servers, which stays when an error names a log in it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """Make a folder, and remove it at the end or after Ctrl-C, but not after an error."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    failed = False
    try:
        yield folder
    except Exception:
        failed = True
        raise
    finally:
        if not failed:
            shutil.rmtree(folder, ignore_errors=True)
