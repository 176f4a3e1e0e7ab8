"""A page's style, scripts and icon: read once, sent compressed, cached forever."""

import gzip
import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

from sanic import HTTPResponse, Request

from voting.http.problem import ProblemError

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class StaticFile:
    """A file in memory, plain and compressed."""

    def __init__(self, path: Path) -> None:
        self.plain = path.read_bytes()
        self.zipped = gzip.compress(self.plain, mtime=0)
        self.content_type = _TYPES[path.suffix]
        self.etag = f'"{hashlib.sha256(self.plain).hexdigest()[:16]}"'


class StaticFiles:
    """The files of a folder.

    `root` is their URL, with a version that changes when any of them does, so that browsers can
    cache them forever and a module's relative imports stay within the version.
    """

    def __init__(self, folder: Path, below: str = "") -> None:
        """`below` is the path of the pages that use them."""
        paths = sorted(path for path in folder.iterdir() if path.suffix in _TYPES)
        self._files: Mapping[str, StaticFile] = {path.name: StaticFile(path) for path in paths}
        names_and_tags = "".join(name + file.etag for name, file in self._files.items())
        self._version = hashlib.sha256(names_and_tags.encode()).hexdigest()[:12]
        self.root = f"{below}/static/{self._version}"

    def answer(self, request: Request, version: str, name: str) -> HTTPResponse:
        """Return the requested file, or 304 if the browser has it."""
        file = self._files.get(name)
        if file is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "file not found")
        # During a rollout another version may be requested; its answer must not be cached.
        current = version == self._version
        headers = {
            "cache-control": "public, max-age=31536000, immutable" if current else "no-cache",
            "etag": file.etag,
            "vary": "accept-encoding",
        }
        if file.etag in request.headers.get("if-none-match", ""):
            return HTTPResponse(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        body = file.plain
        if accepts_gzip(request):
            body = file.zipped
            headers["content-encoding"] = "gzip"
        return HTTPResponse(body, headers=headers, content_type=file.content_type)


def accepts_gzip(request: Request) -> bool:
    """Whether the client accepts gzip; `gzip;q=0`, which no browser sends, counts as yes."""
    return "gzip" in request.headers.get("accept-encoding", "")
