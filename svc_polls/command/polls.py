"""Polls on the command line: `./bazelw run //svc_polls:polls -- apply polls.yaml`."""

import os
import signal
import sys
from argparse import (
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from svc_polls.api.forms import (
    CloseForm,
    DefinitionForm,
    InvalidFormError,
    RevokeForm,
    definition_of,
    read_time,
)
from svc_polls.command.client import PollsClient, RefusedError, UnknownOutcomeError
from svc_polls.command.poll_file import BYTES_MAX, FilePoll, PollFileError, read_polls
from svc_polls.command.publishing import publish
from svc_polls.command.texts import changed_line, history_lines, list_lines, poll_lines
from voting.domain.vote import SLUG_RULE, is_slug
from voting.polls.definition import ANSWER_WITHIN_MIN_MS

_DONE, _REFUSED, _WRONG, _UNKNOWN, _INTERRUPTED = 0, 1, 2, 3, 130

_EPILOG: Final = """\
environment:
  POLLS_SERVER  the service's URL, instead of --server
  POLLS_TOKEN   your token, unless --token-file is given

exit status: 0 done; 1 refused or not reachable, so nothing was changed by the last step;
2 wrong arguments or file, nothing was changed; 3 sent, and not known whether it takes
effect: look at the poll; 130 interrupted
"""


class WrongError(Exception):
    """An argument or a file is wrong; the text says which and why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        polls = _polls_in(options.file) if options.command == "apply" else []
        client = PollsClient(options.server, _token(options))
        try:
            return _run(client, options, polls)
        finally:
            client.close()
    except WrongError as error:
        return _fail(str(error), _WRONG)
    except RefusedError as error:
        return _fail(str(error), _REFUSED)
    except UnknownOutcomeError as error:
        return _fail(str(error), _UNKNOWN)
    except KeyboardInterrupt:
        return _fail("interrupted; a change that was under way may take effect", _INTERRUPTED)
    except BrokenPipeError:
        sys.stdout = None  # Python would write to it once more
        return _REFUSED


def _run(client: PollsClient, options: Namespace, polls: Sequence[FilePoll]) -> int:
    match options.command:
        case "apply":
            return _apply(client, polls, options.dry_run)
        case "list":
            found = client.polls()
            _print([_json(found)] if options.json else list_lines(found))
        case "show":
            poll = client.poll(options.poll)
            _print([_json(poll)] if options.json else poll_lines(poll))
        case "history":
            events = client.history(options.poll)
            _print([_json(events)] if options.json else history_lines(events))
        case "close":
            changed = client.act(options.poll, "close", options.if_event, CloseForm(options.at))
            _print([changed_line(changed)])
        case "revoke":
            form = RevokeForm(options.voter_class, options.batch)
            _print([changed_line(client.act(options.poll, "revoke", options.if_event, form))])
        case "publish":
            for line in publish(client, options.poll):
                _print([line])
        case "copy":
            body = {"as": options.copy}
            _print([changed_line(client.act(options.poll, "copy", None, body))])
        case action:
            _print([changed_line(client.act(options.poll, action, options.if_event))])
    return _DONE


def _apply(client: PollsClient, polls: Sequence[FilePoll], dry_run: bool) -> int:
    """Create and change polls as a file says, one after the other."""
    for poll in polls:
        before = client.find(poll.id)
        if before is not None and _same(before.definition, poll.form):
            _print([f"{poll.id}: unchanged"])
            continue
        if before is not None and before.frozen:
            raise RefusedError(f"{poll.id} (line {poll.line}): its definition is frozen")
        if dry_run:
            _print([f"{poll.id}: would be {'created' if before is None else 'changed'}"])
            continue
        try:
            event = None if before is None else before.event
            _print([changed_line(client.define(poll.id, poll.form, event))])
        except RefusedError as error:
            raise RefusedError(f"{poll.id} (line {poll.line}): {error}") from error
    return _DONE


def _same(one: DefinitionForm, other: DefinitionForm) -> bool:
    def cleaned(form: DefinitionForm) -> object:
        return definition_of(form, ANSWER_WITHIN_MIN_MS)

    return cleaned(one) == cleaned(other)


def _polls_in(file: str) -> list[FilePoll]:
    try:
        if file == "-":
            content = sys.stdin.buffer.read(BYTES_MAX + 1)
        else:
            with _path(file).open("rb") as opened:
                content = opened.read(BYTES_MAX + 1)
        if len(content) > BYTES_MAX:
            raise WrongError(f"{file}: is larger than {BYTES_MAX >> 20} MiB")
        return read_polls(content.decode())
    except OSError as error:
        raise WrongError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WrongError(f"{file}: is not UTF-8") from error
    except PollFileError as error:
        raise WrongError(f"{file}: {error}") from error


def _token(options: Namespace) -> str:
    if options.token_file is None:
        token = os.environ.get("POLLS_TOKEN", "")
        if not token:
            raise WrongError("set POLLS_TOKEN to your token, or give --token-file")
        return token
    try:
        return _path(options.token_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongError(f"{options.token_file}: cannot be read as a token") from error


def _path(text: str) -> Path:
    """Return a path; a relative one is relative to where the user is, also in `bazel run`."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), text)


def _parser() -> ArgumentParser:
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
        ("release", "show the result of a poll"),
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
    return parser


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


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()


def _print(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _fail(reason: str, status: int) -> int:
    sys.stderr.write(f"polls: {reason}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
