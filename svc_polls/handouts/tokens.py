"""Many tokens of one scope."""

from collections.abc import Iterable, Iterator
from typing import Final

from svc_polls.handouts.new_files import Row
from voting.voters.token import make_token, new_nonce

TOKENS_MAX: Final = 1_000_000


def tokens(
    tag_key: bytes, scope: str, count: int, *, key_number: int, class_number: int, batch: int
) -> Iterator[str]:
    """Yield tokens of a scope, each with random bytes of its own; batch 0 is none."""
    for _ in range(count):
        yield make_token(
            tag_key, scope, new_nonce(batch), key_number=key_number, class_number=class_number
        )


def rows(made: Iterable[str], url: str | None) -> Iterator[Row]:
    """Yield the rows of a file: each token with its number, from 1, and its link to a page."""
    yield ("number", "token") if url is None else ("number", "token", "link")
    for number, token in enumerate(made, 1):
        yield (number, token) if url is None else (number, token, f"{url}#voter={token}")
