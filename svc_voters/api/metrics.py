"""What svc_voters counts. No label tells voters apart."""

from typing import Final

from prometheus_client import Counter

from voting.voters.rules import Way

ISSUED: Final = Counter(
    "svc_voters_issued_total", "Answers with a voter's token, by way; some are repeated.", ["way"]
)
REFUSED: Final = Counter(
    "svc_voters_refused_total", "Requests for a token that got none, by status code.", ["status"]
)
REFUSED_STATUSES: Final = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 431, 500, 503)
LIMITED: Final = Counter(
    "svc_voters_limited_total",
    "Requests for a token that a limit of their network refused, by limit.",
    ["limit"],
)

for _way in Way:
    ISSUED.labels(_way)
for _status in REFUSED_STATUSES:
    REFUSED.labels(_status)
