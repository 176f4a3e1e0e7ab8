"""What svc_notary tells about its trees and receipts."""

from typing import Final

from prometheus_client import Counter, Gauge

SIZE: Final = Gauge(
    "svc_notary_checkpoint_size", "Records under the newest checkpoint.", ["partition"]
)
LAG: Final = Gauge(
    "svc_notary_lag_records", "Records of the ledger that are under no checkpoint yet."
)
HALTED: Final = Gauge(
    "svc_notary_halted", "1 while the ledger is not the one that the tree is of.", ["partition"]
)
REBUILDING: Final = Gauge(
    "svc_notary_rebuilding", "1 while a tree is made again from the ledger.", ["partition"]
)
STORE_FAILING: Final = Gauge(
    "svc_notary_store_failing", "1 while the folder of the trees cannot be written."
)
CHECKPOINTS: Final = Counter("svc_notary_checkpoints_total", "Checkpoints published.")
SIGNING: Final = Gauge("svc_notary_signing", "1 if there is a key that signs checkpoints.")
RECEIPTS: Final = Counter("svc_notary_receipts_total", "Receipts asked for, by answer.", ["answer"])
DIFFERING: Final = Counter(
    "svc_notary_differing_total",
    "Receipts not given because the vote log differs from the record in the tree.",
)
