"""The command `svc_polls signing-key`: makes the key pair that signs results."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Final

from voting.signing.keys import NAME_RULE, InvalidKeyError, SigningKey

SIGNING_KEY_TOOL: Final = "signing-key"


def run_signing_key_tool(arguments: Sequence[str]) -> int:
    """Print a new key pair and where each half belongs; return 0."""
    parser = ArgumentParser(
        prog=f"svc_polls {SIGNING_KEY_TOOL}",
        description="Make the Ed25519 key pair that signs results and receipts. The private half "
        "is a secret, shown once and kept nowhere.",
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        help="whose key it is, best the public host and a word, like vote.example.org/2026; "
        f"{NAME_RULE}",
    )
    try:
        key = SigningKey.new(parser.parse_args(arguments).name)
    except InvalidKeyError as error:
        parser.error(str(error))
    sys.stdout.write(
        "SIGNING_KEY, for svc_polls and svc_notary; with it anybody can sign a result:\n"
        f"    {key.text}\n"
        "public key, for everybody; announce it before the first vote:\n"
        f"    {key.verifier}\n"
    )
    return 0
