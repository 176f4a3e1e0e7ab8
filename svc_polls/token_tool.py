"""The command `svc_polls token`: makes an organiser's token."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Final

from svc_polls.tokens import Role, hash_of, new_token, read_organiser

TOOL: Final = "token"


def run_token_tool(arguments: Sequence[str]) -> int:
    """Print a new token and the item of ORGANISER_TOKENS that lets it in; return 0."""
    parser = ArgumentParser(
        prog=f"svc_polls {TOOL}",
        description="Make a token for an organiser. It is shown once: the service keeps its hash.",
    )
    parser.add_argument("name", metavar="NAME", help="the organiser, as the history will say")
    parser.add_argument("roles", metavar="ROLES", help=f"some of {', '.join(Role)}, joined by +")
    options = parser.parse_args(arguments)
    token = new_token()
    try:
        organiser = read_organiser(options.name, options.roles, hash_of(token))
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.write(
        f"token, for {organiser.name} only:\n    {token}\n"
        f"item of ORGANISER_TOKENS, which are comma-separated:\n    {organiser.line}\n"
    )
    return 0
