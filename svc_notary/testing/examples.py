"""An example receipt."""

from typing import Final

from svc_notary.receipts.receipt import Leaf, Proof, Receipt, ShownVote, Status

VOTE: Final = ShownVote("<b>Queen</b>", "Jazz", 1978, 7, "", "")
RECEIPT: Final = Receipt(
    id="018f0000-0000-7000-8000-000000000001",
    short_id="short",
    status=Status.COUNTED,
    final=False,
    exclusion=None,
    vote=VOTE,
    partition=3,
    leaf=Leaf(4711022, "id", "value", "hash"),
    proof=Proof(4711023, 9200114, [], "votes/3\n9200114\nroot\n\n— votes sig\n"),
)
