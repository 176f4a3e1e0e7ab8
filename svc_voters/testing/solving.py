"""Solves challenges as the page does."""

import altcha
import msgspec

from svc_voters.ways.proof import Challenge


def solve(challenge: Challenge) -> str:
    """Return the proof, as JSON in base64."""
    given = altcha.Challenge.from_dict(msgspec.to_builtins(challenge))
    solution = altcha.solve_challenge(given)
    if solution is None:
        raise AssertionError("no solution was found in time")
    return altcha.Payload(given, solution).to_base64()
