"""The program on the page about receipts must accept what holds, and nothing else."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from svc_notary.receipts.receipt import Leaf, Proof, Receipt, ShownVote, Status
from voting.merkle.checkpoint import Checkpoint
from voting.merkle.hashes import leaf_hash
from voting.merkle.proofs import inclusion_proof
from voting.merkle.testing.naive_tree import naive_nodes, naive_root

PAGE: Final = Path("docs/receipts.md").read_text(encoding="utf-8")
(CODE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
LEAVES: Final = [leaf_hash(at, b"id %d" % at, b"vote %d" % at) for at in range(21)]

type Check = Callable[[dict[str, Any]], str]


@pytest.fixture(scope="module")
def check() -> Check:
    variables: dict[str, Any] = {}
    exec(compile(CODE, "docs/receipts.md", "exec"), variables)
    found: Check = variables["check"]
    return found


def receipt(offset: int, size: int, *, value: bytes = b"", root: bytes = b"") -> dict[str, Any]:
    tree = LEAVES[:size]
    head = Checkpoint("votes.example.org/3", size, root or naive_root(tree))
    hashes = inclusion_proof(offset, size, naive_nodes(tree))
    made = Receipt(
        id=f"id {offset}",
        short_id="short",
        status=Status.COUNTED,
        final=False,
        exclusion=None,
        vote=ShownVote("Queen", "Jazz", 1978, 7, "", ""),
        partition=3,
        leaf=Leaf(offset, f"id {offset}", text(value or b"vote %d" % offset), ""),
        proof=Proof(offset + 1, size, [text(one) for one in hashes], f"{head.text}\n— signature\n"),
    )
    found: dict[str, Any] = msgspec.to_builtins(made)
    return found


def text(content: bytes) -> str:
    return b64encode(content).decode()


def test_every_receipt_that_holds_leads_to_its_checkpoint(check: Check) -> None:
    for size in range(1, len(LEAVES) + 1):
        for offset in range(size):
            signed = check(receipt(offset, size))
            assert signed == Checkpoint("votes.example.org/3", size, naive_root(LEAVES[:size])).text


@pytest.mark.parametrize("changed", [{"value": b"another vote"}, {"root": bytes(32)}])
def test_another_vote_or_root_is_found(check: Check, changed: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="does not lead"):
        check(receipt(4, 9, **changed))


def test_the_program_needs_the_standard_library_only() -> None:
    assert set(re.findall(r"^(?:from|import) (\w+)", CODE, re.MULTILINE)) == {"base64", "hashlib"}


def test_the_example_has_the_fields_of_a_receipt() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    msgspec.convert(json.loads(example), Receipt)
