"""The command `svc_polls voter-key`: makes a master key of voters' tokens."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Final

from voting.voters.keys import KEY_NUMBER_MAX, KEYS_MAX, new_key

VOTER_KEY_TOOL: Final = "voter-key"


def run_voter_key_tool(arguments: Sequence[str]) -> int:
    """Print a new master key as an item of VOTER_KEYS, and where it belongs; return 0."""
    parser = ArgumentParser(
        prog=f"svc_polls {VOTER_KEY_TOOL}",
        description="Make a master key of voters' tokens. It is a secret, shown once and kept "
        "nowhere.",
    )
    parser.add_argument(
        "number",
        metavar="NUMBER",
        type=int,
        help=f"1 to {KEY_NUMBER_MAX}, one that no key had before; polls name it as voters.key",
    )
    number = parser.parse_args(arguments).number
    if not 1 <= number <= KEY_NUMBER_MAX:
        parser.error(f"NUMBER must be from 1 to {KEY_NUMBER_MAX}")
    sys.stdout.write(
        f"item of VOTER_KEYS, at most {KEYS_MAX}, comma-separated:\n    {new_key(number)}\n"
        "the same for svc_voters, svc_grpc_client, svc_http_route and whoever makes tokens "
        "(//svc_polls:voters);\nwith it anybody can vote as often as they like: keep it secret\n"
    )
    return 0
