"""Rulings on the command line: which votes do not count."""

import os
from argparse import Namespace
from collections.abc import Iterable

import msgspec

from svc_polls.api.forms import definition_of
from svc_polls.api.ruling_answers import RulingSummary
from svc_polls.api.ruling_forms import BetweenForm, RulingForm
from svc_polls.command.batch_ids import Batch, NoIdsError
from svc_polls.command.client import PollsClient
from svc_polls.command.parser import WrongError, path_of
from svc_polls.command.previews import check_votes, entry_lines, preview_line, preview_lines
from svc_polls.command.texts import changed_line, table
from voting.polls.definition import ANSWER_WITHIN_MIN_MS
from voting.voters.codes import CODE_BATCH_MAX, SERIAL_MAX
from voting.voters.keys import InvalidKeysError, read_keys


def rule(client: PollsClient, options: Namespace) -> Iterable[str]:
    """Run a command about rulings and return what it prints; raises `WrongError` as well."""
    form: RulingForm | None = None
    match options.command:
        case "rulings" if options.number is not None:
            return _one(client, options)
        case "rulings":
            rulings = client.poll(options.poll).rulings
            if options.json:
                return [_json(rulings)]
            return [*ruling_lines(rulings), *preview_lines(client, options.poll, rulings)]
        case "exclude":
            action, form = "rulings", _exclusion(client, options)
        case "lift":
            action, form = "rulings", RulingForm(reason=options.reason, lifts=options.number)
        case "approve":
            return _approve(client, options)
        case decision:
            action = f"rulings/{options.number}/{decision}"
    changed = client.act(options.poll, action, options.if_event, form)
    rulings = changed.poll.rulings
    previews = [] if form is None else preview_lines(client, options.poll, rulings[-1:])
    return [changed_line(changed), *previews, *ruling_lines(rulings)]


def _one(client: PollsClient, options: Namespace) -> Iterable[str]:
    preview = client.previewed(options.poll, options.number).preview
    found = msgspec.structs.replace(client.ruling(options.poll, options.number), preview=preview)
    if options.json:
        return [_json(found)]
    said = [] if preview is None else [preview_line(found.ruling, preview)]
    return [*ruling_lines([found.ruling]), *said, *entry_lines(preview), *found.ids]


def _approve(client: PollsClient, options: Namespace) -> Iterable[str]:
    """Say what the proposal would do, then put it in force."""
    event = options.if_event
    if options.if_votes is not None and event is None:
        event = client.poll(options.poll).event
    found = client.previewed(options.poll, options.number)
    if options.if_votes is not None:
        check_votes(found, options.if_votes)
    said = [] if found.preview is None else [preview_line(found.ruling, found.preview)]
    changed = client.act(options.poll, f"rulings/{options.number}/approve", event)
    return [*said, changed_line(changed), *ruling_lines(changed.poll.rulings)]


def ruling_lines(rulings: Iterable[RulingSummary]) -> list[str]:
    """Return the lines of a list of rulings."""
    rows = [("ruling", "state", "votes", "proposed", "by", "decided by", "reason")]
    for one in rulings:
        state = one.state.replace("_", " ") + (f" by {one.lifted_by}" if one.lifted_by else "")
        rows.append((str(one.number), state, _what(one), one.proposed_at, one.author,
                     one.decider or "-", one.reason))  # fmt: skip
    return table(rows)


def _what(ruling: RulingSummary) -> str:
    if ruling.ids is not None:
        batch = "" if ruling.batch is None else f" of batch {ruling.batch}"
        return f"{ruling.ids} {'id' if ruling.ids == 1 else 'ids'}{batch}"
    if ruling.voter_class is not None:
        return f"class {ruling.voter_class}"
    if ruling.between is not None:
        return f"from {ruling.between.from_time} until {ruling.between.until}"
    return f"lifts {ruling.lifts}"


def _exclusion(client: PollsClient, options: Namespace) -> RulingForm:
    """Return the form of a ruling that excludes votes; raises `WrongError`."""
    by_batch, by_tokens = options.batch is not None, options.tokens is not None
    by_time = options.from_time is not None or options.until is not None
    by_ids = bool(options.ids) or options.ids_file is not None
    by_class = options.voter_class is not None and not by_batch
    if sum((by_batch, by_tokens, by_time, by_ids, by_class)) != 1:
        raise WrongError(
            "say which votes: --id or --ids, --class, --from and --until, --batch, or --tokens"
        )
    if by_ids:
        return RulingForm(reason=options.reason, ids=options.ids + _lines(options.ids_file))
    if by_class:
        return RulingForm(reason=options.reason, voter_class=options.voter_class)
    if by_time:
        if options.from_time is None or options.until is None:
            raise WrongError("--from and --until belong together")
        between = BetweenForm(options.from_time, options.until)
        return RulingForm(reason=options.reason, between=between)
    try:
        batch = _batch_of(client, options.poll)
        ids = batch.of_tokens(path_of(options.tokens)) if by_tokens else _of_codes(batch, options)
    except NoIdsError as error:
        raise WrongError(str(error)) from error
    return RulingForm(reason=options.reason, ids=ids, batch=options.batch)


def _of_codes(batch: Batch, options: Namespace) -> list[str]:
    if options.codes is None:
        raise WrongError("--batch needs --codes: how many codes were made of it")
    last = options.first + options.codes - 1
    if not (1 <= options.batch <= CODE_BATCH_MAX and 1 <= options.first <= last <= SERIAL_MAX):
        raise WrongError(f"a batch is 1 to {CODE_BATCH_MAX}, its codes are 1 to {SERIAL_MAX:,}")
    return batch.of_codes(options.batch, range(options.first, last + 1), options.voter_class)


def _batch_of(client: PollsClient, poll: str) -> Batch:
    try:
        keys = read_keys(os.environ.get("VOTER_KEYS", ""))
    except InvalidKeysError as error:
        raise WrongError(f"VOTER_KEYS: {error}") from error
    definition = definition_of(client.poll(poll).definition, ANSWER_WITHIN_MIN_MS)
    return Batch(poll, definition, keys)


def _lines(file: str | None) -> list[str]:
    if file is None:
        return []
    try:
        return path_of(file).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongError(f"{file}: cannot be read as ids, one a line") from error


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()
