"""Commands to run against a stack, complete with its ports."""

import shlex

from harness.servers.traefik_server import WEIGHTS
from harness.system.stack import Stack
from tools.services.roster import UNARY_CLIENT


def verify_command(stack: Stack) -> str:
    """Return the command that compares the stack's tally with its vote log."""
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "REDIS_URL": stack.redis.url,
        "MONGODB_URL": stack.mongodb.url,
    }
    return f"{_assignments(settings)} ./bazelw run //svc_consumer -- verify"


def compare_command(stack: Stack) -> str:
    """Return the command that compares the stack's routes."""
    options = shlex.join(part for pair in comparison_options(stack).items() for part in pair)
    return f"./bazelw run //loadtest:compare -- {options}"


def polls_command(stack: Stack, token: str) -> str:
    """Return the command that lists the stack's polls, as the organiser with this token."""
    settings = {"POLLS_SERVER": stack.services["svc_polls"].url, "POLLS_TOKEN": token}
    return f"{_assignments(settings)} ./bazelw run //svc_polls:polls -- list"


def voters_command(stack: Stack) -> str:
    """Return the command that makes tokens for voters of the stack's polls."""
    settings = _assignments(stack.voter_key_setting)
    return f"{settings} ./bazelw run //svc_polls:voters -- --scope trial --count 10 -o tokens.csv"


def comparison_options(stack: Stack) -> dict[str, str]:
    """Return the options with the addresses that the comparison needs."""
    candidates = {"--candidates": "grpc,http,grpc-unary"} if UNARY_CLIENT in stack.services else {}
    return {
        "--target": stack.entry.url,
        **candidates,
        "--weights": f"{WEIGHTS['grpc']}:{WEIGHTS['http']}",
        "--mongodb-url": stack.mongodb.url,
        "--redis-url": stack.redis.url,
        "--prometheus": stack.prometheus.url,
    }


def _assignments(settings: dict[str, str]) -> str:
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
