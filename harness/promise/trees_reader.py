"""Reads the trees of svc_notary as anybody can: checkpoints, tiles and the public key."""

from collections.abc import Mapping
from typing import NamedTuple

import httpx

from harness.processes.waiting import until
from voting.merkle.checkpoint import Checkpoint, read_checkpoint
from voting.merkle.proofs import Node
from voting.merkle.tiles import TILE_WIDTH, Tile, nodes_of, tile_at
from voting.signing.keys import VerifierKey
from voting.signing.note import open_note

_LIMIT_SECONDS = 90.0  # a halted tree is looked at once a minute


class SignedTree(NamedTuple):
    """A checkpoint that the key has signed, and the nodes of which its tiles tell."""

    checkpoint: Checkpoint
    nodes: Node


async def read_trees(
    url: str, key: VerifierKey, ends: Mapping[int, int]
) -> Mapping[int, SignedTree]:
    """Return the tree of each partition, as soon as its checkpoint reaches the partition's end.

    Raises AssertionError when that takes too long, and `InvalidNoteError` for a wrong signature.
    """
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:

        async def reached() -> bool:
            found = {number: await read_tree_head(client, number, key) for number in ends}
            return all(head and head.size >= ends[number] for number, head in found.items())

        await until(reached, "checkpoints of the whole ledger", _LIMIT_SECONDS)
        return {number: await _read_tree(client, number, key) for number in ends}


async def read_tree_head(
    client: httpx.AsyncClient, number: int, key: VerifierKey
) -> Checkpoint | None:
    """Return the newest checkpoint of a partition; None if there is none now."""
    try:
        answer = await client.get(f"/notary/{number}/checkpoint")
    except httpx.TransportError:
        return None
    return read_checkpoint(open_note(answer.content, key)) if answer.is_success else None


async def _read_tree(client: httpx.AsyncClient, number: int, key: VerifierKey) -> SignedTree:
    head = await read_tree_head(client, number, key)
    if head is None:
        raise AssertionError(f"partition {number} has no checkpoint any more")
    tiles: dict[Tile, bytes] = {}
    level = 0
    while hashes := head.size >> 8 * level:
        for index in range(-(-hashes // TILE_WIDTH)):
            tile = tile_at(level, index, head.size)
            answer = await client.get(f"/notary/{number}/{tile.path}")
            tiles[tile] = answer.raise_for_status().content
        level += 1
    return SignedTree(head, nodes_of(head.size, tiles.__getitem__))
