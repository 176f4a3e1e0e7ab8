"""Which faults, in which order: the same seed gives the same schedule."""

from random import Random
from typing import Final

from chaos.faults.fault import Fault
from chaos.faults.hangs import HANGS
from chaos.faults.invalid_records import INVALID_RECORDS
from chaos.faults.kills import KILLS
from chaos.faults.losses import LOSSES
from chaos.faults.poll_ends import POLL_ENDS
from chaos.faults.poll_log import POLL_LOG
from chaos.faults.wrong_topic import TOPICS

FAULTS: Final = {
    fault.name: fault
    for fault in (*KILLS, *HANGS, *LOSSES, *TOPICS, *INVALID_RECORDS, *POLL_ENDS, *POLL_LOG)
}
"""Every fault, by name."""


def schedule(random: Random, count: int) -> list[Fault]:
    """Return `count` faults: all of them in a random order, then in another one, and so on."""
    chosen: list[Fault] = []
    while len(chosen) < count:
        chosen += random.sample(list(FAULTS.values()), len(FAULTS))
    return chosen[:count]
