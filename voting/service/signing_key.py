"""The setting of the services that sign results and checkpoints."""

from typing import Annotated

from msgspec import Meta

from voting.service.settings import wrong
from voting.signing.keys import InvalidKeyError, SigningKey, read_signing_key

SigningKeySetting = Annotated[
    str,
    Meta(
        description="Private key that signs results and checkpoints, as PRIVATE+KEY+NAME+ID+KEY; "
        "`svc_polls signing-key --help` makes one. Empty: nothing is signed."
    ),
]


def signing_key_of(signing_key: str) -> SigningKey | None:
    """Return the key of the setting; None if it is empty. `check_signing_key` has checked it."""
    return read_signing_key(signing_key) if signing_key else None


def check_signing_key(signing_key: str) -> None:
    """Raise what `__post_init__` of settings must, unless `signing_key` can be read."""
    try:
        signing_key_of(signing_key)
    except InvalidKeyError as error:
        raise wrong("signing_key", str(error)) from error
