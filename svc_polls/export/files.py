"""Files of an export: each new, hashed while it is written, and named in a manifest."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from hashlib import sha256
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, Final, cast, override

import msgspec

MANIFEST: Final = "manifest.json"


class ExportError(Exception):
    """The export cannot be made; the text says why."""


class _HashedFile(RawIOBase):
    """Writes to a file and hashes what is written."""

    def __init__(self, file: BinaryIO, close: Callable[[str, int], None]) -> None:
        self._file = file
        self._close = close
        self._hash = sha256()
        self._size = 0

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, data: Any, /) -> int:
        self._hash.update(data)
        self._size += len(data)
        self._file.write(data)
        return len(data)

    @override
    def tell(self) -> int:
        return self._size

    @override
    def close(self) -> None:
        if not self.closed:
            self._file.close()
            self._close(self._hash.hexdigest(), self._size)
        super().close()


class NewFolder:
    """A folder that is filled by one export, and has a manifest when that is complete."""

    def __init__(self, path: Path) -> None:
        """Make the folder; raise `ExportError` if that fails, or if it has something in it."""
        self.path = path
        self._files: dict[str, dict[str, Any]] = {}
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise ExportError(f"{path}: is not empty")
        except OSError as error:
            raise ExportError(f"{path}: {error.strerror}") from error

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Return a new file to write to; it is in the manifest once it is closed."""

        def note(digest: str, size: int) -> None:
            self._files[name] = {"sha256": digest, "bytes": size}

        return cast("BinaryIO", _HashedFile((self.path / name).open("xb"), note))

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        with self.open(name) as file:
            file.write(content)

    def finish(self, about: Mapping[str, Any]) -> None:
        """Write the manifest: what this is, and the hash of each file."""
        manifest = {**about, "files": dict(sorted(self._files.items()))}
        content = msgspec.json.format(msgspec.json.encode(manifest)) + b"\n"
        (self.path / MANIFEST).write_bytes(content)
