"""Polls on the command line: `./bazelw run //svc_polls:polls -- apply polls.yaml`."""

import os
import signal
import sys
from argparse import (
    Namespace,
)
from collections.abc import Iterable, Sequence

import msgspec

from svc_polls.api.forms import (
    CloseForm,
    DefinitionForm,
    RevokeForm,
    definition_of,
)
from svc_polls.command.client import PollsClient, RefusedError, UnknownOutcomeError
from svc_polls.command.parser import WrongError, command_parser, path_of
from svc_polls.command.poll_file import BYTES_MAX, FilePoll, PollFileError, read_polls
from svc_polls.command.publishing import publish
from svc_polls.command.rulings import rule
from svc_polls.command.texts import changed_line, history_lines, list_lines, poll_lines
from voting.polls.definition import ANSWER_WITHIN_MIN_MS

_DONE, _REFUSED, _WRONG, _UNKNOWN, _INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = command_parser().parse_args(arguments)
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
        case "rulings" | "exclude" | "lift" | "approve" | "refuse":
            _print(rule(client, options))
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
            with path_of(file).open("rb") as opened:
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
        return path_of(options.token_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongError(f"{options.token_file}: cannot be read as a token") from error


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
