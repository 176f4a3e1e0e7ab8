"""The maintenance commands `svc_consumer verify`, `rebuild` and `twins`."""

import asyncio
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from svc_consumer.repair.audit import (
    Difference,
    LogBehindError,
    LogReader,
    differences,
    read_snapshot,
)
from svc_consumer.repair.exclusions import (
    ExclusionAudit,
    ExclusionDifference,
    ReadPolls,
    RulingsUnknownError,
)
from svc_consumer.repair.rebuild import NotRebuiltError, Rebuild
from svc_consumer.repair.twins import twins
from svc_consumer.settings import ConsumerSettings
from voting.ledger.polls_now import polls_now
from voting.service.settings import load_settings
from voting.stores.errors import StoreUnavailableError
from voting.stores.tally_correction import CorrectableTally
from voting.stores.vote_log import VoteLog

_AGREES: Final = 0
_DIFFERS: Final = 1
_NOT_DONE: Final = 2
_INTERRUPTED: Final = 130  # as a shell reports a program ended by Ctrl-C
_SHOWN: Final = 20
_TRIES: Final = 3

_SETTINGS: Final = (
    "Uses the consumer's environment variables REDIS_URL, MONGODB_URL and MONGODB_DATABASE, and "
    "for the rulings of polls those that begin with KAFKA_. "
    "Consumers may keep running."
)


async def verify(log: VoteLog, tally: CorrectableTally, read_polls: ReadPolls) -> int:
    """Print where the tally differs from the vote log, and from what rulings take of it."""
    audit = ExclusionAudit(log, read_polls)
    snapshot = await audit.settled(lambda: read_snapshot(tally))
    logged = await LogReader(log, _print).upto(snapshot.positions)
    found: list[Difference | ExclusionDifference] = [*differences(snapshot, logged)]
    found += await audit.differences(snapshot)
    _show(found)
    if audit.unread:
        _print(f"what rulings take was not checked: {audit.unread}")
    _print(f"{logged.votes} votes up to the tally's positions, {len(found)} differences")
    return _DIFFERS if found else _AGREES


async def rebuild(log: VoteLog, tally: CorrectableTally, read_polls: ReadPolls) -> int:
    """Rebuild the tally and print what was wrong with it."""
    found = await Rebuild(log, tally, _print, ExclusionAudit(log, read_polls)).run()
    _show(found)
    _print(f"the tally now matches the vote log; {len(found)} counters were wrong")
    return _AGREES


async def show_twins(_: VoteLog, tally: CorrectableTally, _polls: ReadPolls) -> int:
    """Print the albums that a reader may take for one another, escaped to ASCII."""
    albums = (await tally.read()).albums
    found = twins(albums)
    for group in found:
        for name, album, year in group:
            _print(f"{albums[name, album, year].votes:>9} {name!a} / {album!a} / {year}")
        _print("")
    _print(f"{len(albums)} albums, {len(found)} groups that look alike; each is counted separately")
    return _AGREES


type _Tool = Callable[[VoteLog, CorrectableTally, ReadPolls], Awaitable[int]]

TOOLS: Final[dict[str, tuple[_Tool, str]]] = {
    "verify": (
        verify,
        "Compare the tally with the vote log and with the rulings of polls. "
        "Exit status: 0 if they agree, 1 if they differ, 2 if they could not be compared.",
    ),
    "rebuild": (
        rebuild,
        "Rebuild the tally in Redis from the vote log. Readers see the old tally until the new one "
        "replaces it in one step. Exit status: 0 if rebuilt, 2 if not.",
    ),
    "twins": (
        show_twins,
        "List albums of the same year whose names look alike (letters of another script, case, "
        "spaces), with their votes. Changes nothing. Exit status: 0 on success, 2 on failure.",
    ),
}


def run_tool(name: str, arguments: Sequence[str]) -> int:
    """Run one of `TOOLS` and return its exit status."""
    tool, description = TOOLS[name]
    program = f"svc_consumer {name}"
    ArgumentParser(prog=program, description=description, epilog=_SETTINGS).parse_args(arguments)
    settings = load_settings(ConsumerSettings, program, [])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return asyncio.run(_with_stores(tool, settings))
    except KeyboardInterrupt:
        sys.stderr.write(f"{program}: interrupted; nothing was changed\n")
        return _INTERRUPTED
    except (
        StoreUnavailableError,
        LogBehindError,
        NotRebuiltError,
        RulingsUnknownError,
    ) as error:
        sys.stderr.write(f"{program}: {error}\n")
        return _NOT_DONE


async def _with_stores(tool: _Tool, settings: ConsumerSettings) -> int:
    log = VoteLog(settings.mongodb_url, settings.mongodb_database)
    tally = CorrectableTally(settings.redis_url)
    read_polls = partial(polls_now, settings)
    try:
        for _ in range(_TRIES - 1):
            try:
                return await tool(log, tally, read_polls)
            except StoreUnavailableError as error:
                _print(f"starting again: {error}")
        return await tool(log, tally, read_polls)
    finally:
        log.close()
        await tally.close()


def _show(found: Sequence[Difference | ExclusionDifference]) -> None:
    for difference in found[:_SHOWN]:
        _print(str(difference))
    if len(found) > _SHOWN:
        _print(f"and {len(found) - _SHOWN} more")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
