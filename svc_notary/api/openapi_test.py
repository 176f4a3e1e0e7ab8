import json
from typing import Any, Final

import msgspec
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from svc_notary.api.openapi import receipts_document
from svc_notary.receipts.receipt import Exclusion, Leaf, Proof, Receipt, ShownVote, Status

DOCUMENT: Final = receipts_document()
LEAF: Final = Leaf(0, "id", "value", "hash")
VOTE: Final = ShownVote("Queen", "Jazz", 1978, 7, "", "")


def fits(value: Any) -> bool:
    schema = {
        "$ref": "#/components/schemas/Receipt",
        "components": {"schemas": DOCUMENT["components"]["schemas"]},
    }
    return Draft202012Validator(schema).is_valid(json.loads(msgspec.json.encode(value)))


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_receipts_are_as_documented() -> None:
    receipt = Receipt("id", "short", Status.COUNTED, False, None, VOTE, 3, LEAF, None)
    assert fits(receipt)
    assert fits(msgspec.structs.replace(receipt, proof=Proof(1, 2, ["hash"], "note")))
    assert fits(
        msgspec.structs.replace(
            receipt, status=Status.EXCLUDED, exclusion=Exclusion(1, "Sold votes")
        )
    )
    assert not fits({"id": "id", "status": "perhaps"})
