"""The arguments of the organisers' command line."""

import os
from argparse import (
    ArgumentParser,
    ArgumentTypeError,
    RawDescriptionHelpFormatter,
    _SubParsersAction,
)
from pathlib import Path
from typing import Final

from svc_polls.api.forms import InvalidFormError, read_time
from voting.domain.vote import SLUG_RULE, is_slug
from voting.voters.codes import CODE_BATCH_MAX

_EPILOG: Final = """\
environment:
  POLLS_SERVER  the service's URL, instead of --server
  POLLS_TOKEN   your token, unless --token-file is given
  VOTER_KEYS    the master keys, for `exclude` with --batch or --tokens

exit status: 0 done; 1 refused or not reachable, so nothing was changed by the last step;
2 wrong arguments or file, nothing was changed; 3 sent, and not known whether it takes
effect: look at the poll; 130 interrupted
"""


class WrongError(Exception):
    """An argument or a file is wrong; the text says which and why."""


def command_parser() -> ArgumentParser:
    """Return the parser of all commands."""
    parser = ArgumentParser(
        prog="polls",
        description="Make polls from a file, open and close them, show what happened to them.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--server",
        default=os.environ.get("POLLS_SERVER", "http://127.0.0.1:8006"),
        metavar="URL",
        help="svc_polls (%(default)s)",
    )
    parser.add_argument("--token-file", metavar="FILE", help="file with your token")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    apply = commands.add_parser("apply", help="create and change polls as a YAML file says")
    apply.add_argument("file", metavar="FILE", help="polls.yaml; - for standard input")
    apply.add_argument("--dry-run", action="store_true", help="say what would change")
    listed = commands.add_parser("list", help="list all polls")
    listed.add_argument("--json", action="store_true", help="print JSON")
    for name, what in (("show", "show a poll"), ("history", "show who did what to a poll")):
        command = commands.add_parser(name, help=what)
        command.add_argument("poll", type=_slug, metavar="POLL")
        command.add_argument("--json", action="store_true", help="print JSON")
    for name, what in (
        ("open", "open a poll now"),
        ("close", "close a poll as soon as possible, or at a time"),
        ("release", "show the result of a poll; two people must, where its definition says so"),
        ("revoke", "take back voters' tokens, for good; votes that were accepted count"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("poll", type=_slug, metavar="POLL")
        command.add_argument(
            "--if-event", type=int, metavar="N", help="only if its last event is number N"
        )
        if name == "close":
            command.add_argument(
                "--at",
                type=_time,
                metavar="TIME",
                help="like 2026-12-31T20:00:00Z, at least 11 s ahead; also moves the end",
            )
        if name == "revoke":
            whose = command.add_mutually_exclusive_group(required=True)
            whose.add_argument(
                "--class", dest="voter_class", type=_slug, metavar="NAME", help="all of a class"
            )
            whose.add_argument("--batch", type=int, metavar="N", help="all of a batch")
    published = commands.add_parser(
        "publish", help="count the votes, sign the result and make it final, for good"
    )
    published.add_argument("poll", type=_slug, metavar="POLL")
    copied = commands.add_parser("copy", help="copy a rehearsal as a real poll")
    copied.add_argument("poll", type=_slug, metavar="POLL")
    copied.add_argument("copy", type=_slug, metavar="AS", help="the id of the copy")
    _add_rulings(commands)
    return parser


def _add_rulings(commands: _SubParsersAction[ArgumentParser]) -> None:
    shown = _ruling_command(commands, "rulings", "list the rulings of a poll, or show one of them")
    shown.add_argument("number", type=int, nargs="?", metavar="N", help="with its ids")
    shown.add_argument("--json", action="store_true", help="print JSON")
    exclude = _ruling_command(commands, "exclude", "propose that votes do not count")
    exclude.add_argument("--id", dest="ids", action="append", default=[], help="a vote; repeatable")
    exclude.add_argument("--ids", dest="ids_file", metavar="FILE", help="votes, an id a line")
    exclude.add_argument(
        "--class", dest="voter_class", type=_slug, metavar="NAME", help="the votes of a class"
    )
    exclude.add_argument(
        "--from",
        dest="from_time",
        type=_time,
        metavar="TIME",
        help="votes that Kafka had from then on, like 2026-12-31T20:00:00Z",
    )
    exclude.add_argument("--until", type=_time, metavar="TIME", help="and before then")
    exclude.add_argument(
        "--batch",
        type=int,
        metavar="N",
        help=f"the votes of a batch of codes, 1 to {CODE_BATCH_MAX}; needs VOTER_KEYS",
    )
    exclude.add_argument("--codes", type=int, metavar="COUNT", help="how many codes it has")
    exclude.add_argument(
        "--first", type=int, default=1, metavar="N", help="number of the first one (%(default)s)"
    )
    exclude.add_argument(
        "--tokens", metavar="FILE.csv", help="the votes of tokens in a file; needs VOTER_KEYS"
    )
    lift = _ruling_command(commands, "lift", "propose that the votes of a ruling count again")
    lift.add_argument("number", type=int, metavar="N", help="the ruling in force")
    for command in (exclude, lift):
        command.add_argument("--reason", required=True, help="for everybody to read")
    for name, what in (
        ("approve", "put a proposed ruling in force that somebody else proposed"),
        ("refuse", "end a proposed ruling"),
    ):
        decide = _ruling_command(commands, name, what)
        decide.add_argument("number", type=int, metavar="N", help="the ruling")
        if name == "approve":
            decide.add_argument(
                "--if-votes",
                type=int,
                metavar="N",
                help="only if it takes, or gives back, N votes as of now",
            )


def _ruling_command(
    commands: _SubParsersAction[ArgumentParser], name: str, what: str
) -> ArgumentParser:
    command = commands.add_parser(name, help=what)
    command.add_argument("poll", type=_slug, metavar="POLL")
    if name != "rulings":
        command.add_argument(
            "--if-event", type=int, metavar="N", help="only if its last event is number N"
        )
    return command


def _slug(text: str) -> str:
    if not is_slug(text):
        raise ArgumentTypeError(f"{text!a}: {SLUG_RULE}")
    return text


def _time(text: str) -> str:
    try:
        read_time("", text)
    except InvalidFormError as error:
        raise ArgumentTypeError(f"{text!a} {error.reason}") from error
    return text


def path_of(text: str) -> Path:
    """Return a path; a relative one is relative to where the user is, also in `bazel run`."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), text)
