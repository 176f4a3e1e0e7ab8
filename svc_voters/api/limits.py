"""The two limits on the networks of clients: on all requests for a token, and on wrong codes."""

import math
import time
from collections.abc import Callable
from http import HTTPStatus

from svc_voters.api.metrics import LIMITED
from svc_voters.settings import VotersSettings
from svc_voters.ways.address_limit import AddressLimit, Prefix
from voting.http.problem import ProblemError

_TOKENS, _WRONG_CODES = "tokens", "wrong_codes"


class Limits:
    """Raises `ProblemError` with status 429 where a network asks too often."""

    def __init__(
        self, settings: VotersSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens = AddressLimit(settings.tokens_per_second, settings.tokens_at_once, clock)
        self._wrong_codes = AddressLimit(
            settings.wrong_codes_per_second, settings.wrong_codes_at_once, clock
        )
        for limit in (_TOKENS, _WRONG_CODES):
            LIMITED.labels(limit)

    def ask(self, prefix: Prefix) -> None:
        """Count a request for a token."""
        _check(_TOKENS, self._tokens.take(prefix))

    def count_wrong_code(self, prefix: Prefix) -> None:
        """Count a code that was wrong.

        Right ones are not asked: else whoever sends wrong ones would shut out a whole hall.
        """
        _check(_WRONG_CODES, self._wrong_codes.take(prefix))


def _check(limit: str, wait_seconds: float) -> None:
    if wait_seconds <= 0:
        return
    LIMITED.labels(limit).inc()
    raise ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too many requests from this network; try again later",
        headers={"retry-after": str(math.ceil(wait_seconds))},
    )
