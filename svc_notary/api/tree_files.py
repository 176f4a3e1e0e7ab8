"""Checkpoints and tiles of the trees, as c2sp.org/tlog-tiles says, below /notary/PARTITION."""

from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from sanic import HTTPResponse, Request, Sanic

from svc_notary.trees.errors import StoreDamagedError
from svc_notary.trees.tile_store import TileStore
from voting.domain.bounded_number import read_number
from voting.http.problem import ProblemError
from voting.merkle.tiles import read_tile_path

_PARTITION_MAX: Final = 2**31 - 1
"""Kafka's. Longer numbers are no names of folders, and very long ones no numbers for Python."""

_FOREVER: Final = "public, max-age=31536000, immutable"
# A checkpoint is replaced every few seconds.
_MOMENT: Final = "public, max-age=1"
_ANYWHERE: Final = {
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}


def add_tree_files(app: Sanic[Any, Any], folder: Path) -> None:
    """Add the endpoints to the app."""

    @app.get("/notary/<partition:str>/checkpoint")
    async def checkpoint(_: Request, partition: str) -> HTTPResponse:
        note = _store(folder, partition).checkpoint()
        if note is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no checkpoint of such a tree")
        headers = {"cache-control": _MOMENT, **_ANYWHERE}
        return HTTPResponse(note, headers=headers, content_type="text/plain; charset=utf-8")

    @app.get("/notary/<partition:str>/tile/<path:path>")
    async def tile(_: Request, partition: str, path: str) -> HTTPResponse:
        content = _read_tile(_store(folder, partition), f"tile/{path}")
        headers = {"cache-control": _FOREVER, **_ANYWHERE}
        return HTTPResponse(content, headers=headers, content_type="application/octet-stream")


def _store(folder: Path, partition: str) -> TileStore:
    try:
        return TileStore(folder / str(read_number(partition, 0, _PARTITION_MAX)))
    except ValueError as error:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such tree") from error


def _read_tile(store: TileStore, path: str) -> bytes:
    tile = read_tile_path(path)
    try:
        content = None if tile is None else store.read(tile)
    except StoreDamagedError:
        content = None
    if content is None:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such tile")
    return content
