import asyncio
from pathlib import Path

import pytest

from svc_notary.testing.records import KEY
from svc_notary.testing.serving import PARTITION, Served, serve_notary
from voting.merkle.checkpoint import read_checkpoint
from voting.merkle.proofs import tree_root
from voting.merkle.tiles import Tile, nodes_of
from voting.signing.note import open_note
from voting.testing.examples import vote_with

PREFIX = f"/notary/{PARTITION}"
FOREVER = "public, max-age=31536000, immutable"


def grow(served: Served, votes: int) -> None:
    served.record(*(vote_with(id=f"018f0000-0000-7000-8000-{at:012d}") for at in range(votes)))
    served.tree.publish()


def test_the_root_of_a_checkpoint_follows_from_its_tiles(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serve_notary(tmp_path) as served:
            grow(served, 300)
            answer = await served.ask(f"{PREFIX}/checkpoint")
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert answer.headers["cache-control"] == "public, max-age=1"
            checkpoint = read_checkpoint(open_note(answer.content, KEY.verifier))
            tiles = {}
            for tile in (Tile(0, 0), Tile(0, 1, 44), Tile(1, 0, 1)):
                answer = await served.ask(f"{PREFIX}/{tile.path}")
                assert answer.headers["content-type"] == "application/octet-stream"
                assert answer.headers["cache-control"] == FOREVER
                assert answer.headers["access-control-allow-origin"] == "*"
                tiles[tile] = answer.content
            assert tree_root(300, nodes_of(300, tiles.__getitem__)) == checkpoint.root

    asyncio.run(scenario())


def test_a_partial_tile_of_an_older_checkpoint_stays(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with serve_notary(tmp_path) as served:
            grow(served, 200)
            before = (await served.ask(f"{PREFIX}/tile/0/000.p/200")).content
            grow(served, 200)
            assert not (served.store.folder / "tile/0/000.p").exists()
            assert (await served.ask(f"{PREFIX}/tile/0/000.p/200")).content == before

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "path",
    [
        "/notary/4/checkpoint",
        "/notary/x/checkpoint",
        "/notary/-1/checkpoint",
        f"/notary/{'9' * 300}/checkpoint",
        f"/notary/{'9' * 5000}/checkpoint",
        f"/notary/{'9' * 5000}/tile/0/000",
        f"{PREFIX}/tile/{'9' * 5000}/000",
        f"{PREFIX}/tile/0/{'x001/' * 1000}000",
        f"{PREFIX}/tile/0/000.p/{'9' * 5000}",
        f"{PREFIX}/",
        f"{PREFIX}/lock",
        f"{PREFIX}/tile/0/001",
        f"{PREFIX}/tile/0/000.p/6",
        f"{PREFIX}/tile/0/000.p/0",
        f"{PREFIX}/tile/0/..%2f..%2fcheckpoint",
        f"{PREFIX}/tile/%2fetc%2fpasswd",
        f"{PREFIX}/tile/entries/000",
    ],
)
def test_nothing_else_is_served(tmp_path: Path, path: str) -> None:
    async def scenario() -> None:
        async with serve_notary(tmp_path) as served:
            grow(served, 5)
            answer = await served.ask(path)
            assert answer.status_code == 404
            assert answer.headers["cache-control"] == "no-store"

    asyncio.run(scenario())
