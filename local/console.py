"""What the user sees of the stack: its addresses, and the option for a port in use."""

from collections.abc import Callable

from harness.processes.console import run_command, say
from harness.processes.errors import PortInUseError, ServerError
from harness.system.stack import Stack
from local.commands import compare_command, polls_command, verify_command, voters_command


def show_addresses(stack: Stack) -> None:
    """Print what listens where, and how to use it."""
    say()
    say(f"{'server':18} {'address':28} process")
    for server in stack.servers:
        say(f"{server.name:18} {getattr(server, 'url', server.address):28} {server.pid}")
    say(f"\nvote      POST {stack.entry.url}/votes")
    say(f"verify    {verify_command(stack)}")
    say(f"compare   {compare_command(stack)}")
    mine, other = (
        polls_command(stack, token) for token in (stack.organiser_token, stack.colleague_token)
    )
    say(f"polls     {mine}  (--help: apply, open, close, ...)")
    say(f"colleague {other}  (for what takes two people)")
    say(f"tokens    {voters_command(stack)}")
    say(f"metrics   {stack.prometheus.url}")
    say(f"logs      {stack.kafka.log.parent}/*.log")
    say(f"page      {stack.entry.url}/")


def run_stack_command(command: Callable[[], int]) -> int:
    """Run a command that takes ports as options, and return its exit status."""

    def with_advice() -> int:
        try:
            return command()
        except PortInUseError as error:
            option = error.port_name.replace("_", "-")
            advice = f"{error}; stop it, or choose another port with --port-{option}"
            raise ServerError(advice) from error

    return run_command(with_advice)
