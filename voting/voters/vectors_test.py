"""The vectors of docs/voter-tokens.md, with hashlib alone and with this package."""

import base64
import json
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from voting.voters.ballots import BallotIds, PollVoters
from voting.voters.codes import Code, make_code, read_code
from voting.voters.keys import MasterKeys
from voting.voters.rules import VoterRules
from voting.voters.token import TokenReader, make_token

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
VECTORS = json.loads(Path("voting/voters/vectors.json").read_text(encoding="ascii"))

each_vector = pytest.mark.parametrize("vector", VECTORS)


def digest(person: bytes, size: int, data: bytes, key: bytes = b"") -> bytes:
    return blake2b(data, digest_size=size, key=key, person=person).digest()


@each_vector
def test_hashlib_alone_gives_them(vector: dict[str, Any]) -> None:
    master, nonce = bytes.fromhex(vector["master_key"]), bytes.fromhex(vector["nonce"])
    scope = vector["scope"].encode()
    tag_key = digest(b"voting.tag", 32, scope, master)
    id_key = digest(b"voting.id", 32, scope, master)
    signed = bytes([1, vector["key_number"], 0]) + digest(b"voting.scope", 8, scope) + nonce
    token = base64.urlsafe_b64encode(signed + digest(b"voting.token", 16, signed, tag_key))
    ballot = vector["poll"].encode() + b"\0\0" + nonce + vector["place"].encode()
    raw = bytearray(digest(b"voting.ballot", 16, ballot, id_key))
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    assert (
        vector
        | {
            "tag_key": tag_key.hex(),
            "id_key": id_key.hex(),
            "token": token.decode(),
            "id": str(UUID(bytes=bytes(raw))),
        }
        == vector
    )


@each_vector
def test_the_package_gives_them(vector: dict[str, Any]) -> None:
    number, scope = vector["key_number"], vector["scope"]
    keys = MasterKeys({number: bytes.fromhex(vector["master_key"])}).scope_keys(number, scope)
    assert (keys.tag_key.hex(), keys.id_key.hex()) == (vector["tag_key"], vector["id_key"])
    nonce = bytes.fromhex(vector["nonce"])
    assert make_token(keys.tag_key, scope, nonce, key_number=number) == vector["token"]
    assert TokenReader(keys.tag_key, scope, number).read(vector["token"]) == (0, nonce)
    assert BallotIds(keys.id_key, vector["poll"]).id_of(nonce, vector["place"]) == vector["id"]


@each_vector
def test_a_poll_gives_its_voters_these_ids(vector: dict[str, Any]) -> None:
    number, scope, place = vector["key_number"], vector["scope"], vector["place"]
    keys = MasterKeys({number: bytes.fromhex(vector["master_key"])}).scope_keys(number, scope)
    rules = (
        VoterRules(scope=scope, key=number, votes=100)
        if place.isdigit()
        else VoterRules(scope=scope, key=number, per_entry=True)
    )
    slot = int(place) if place.isdigit() else None
    voters = PollVoters(vector["poll"], rules, keys)
    assert voters.ballot_id(vector["token"], slot, "moon") == (vector["id"], 0)


@each_vector
def test_hashlib_alone_gives_the_codes(vector: dict[str, Any]) -> None:
    master, scope = bytes.fromhex(vector["master_key"]), vector["scope"].encode()
    code_key = digest(b"voting.code", 32, scope, master)
    head = vector["code_class"] << 30 | vector["batch"] << 20 | vector["serial"]
    tag = int.from_bytes(digest(b"voting.code", 6, head.to_bytes(5), code_key)) >> 2
    bits = f"{head << 46 | tag:080b}"
    groups = (bits[start : start + 20] for start in range(0, 80, 20))
    code = "-".join(
        "".join(DIGITS[int(group[at : at + 5], 2)] for at in range(0, 20, 5)) for group in groups
    )
    assert vector | {"code_key": code_key.hex(), "code": code} == vector


@each_vector
def test_the_package_gives_the_codes(vector: dict[str, Any]) -> None:
    code_key = bytes.fromhex(vector["code_key"])
    code = Code(vector["code_class"], vector["batch"], vector["serial"])
    assert make_code(code_key, **code._asdict()) == vector["code"]
    assert read_code(code_key, vector["code"]) == code
