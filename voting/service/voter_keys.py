"""The setting of the services that check or make voters' tokens."""

from typing import Annotated

from msgspec import Meta

from voting.service.settings import wrong
from voting.voters.keys import InvalidKeysError, read_keys

VoterKeys = Annotated[
    str,
    Meta(
        description="Master keys of voters' tokens as NUMBER:KEY, comma-separated; "
        "`svc_polls voter-key --help` makes them. The same for svc_voters and both routes."
    ),
]


def check_voter_keys(voter_keys: str) -> None:
    """Raise what `__post_init__` of settings must, unless `voter_keys` can be read."""
    try:
        read_keys(voter_keys)
    except InvalidKeysError as error:
        raise wrong("voter_keys", str(error)) from error
