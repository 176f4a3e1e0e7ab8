"""Which faults, in which order: the same seed gives the same schedule."""

from random import Random
from typing import Final

from chaos.fault import Fault
from chaos.hangs import HANGS
from chaos.kills import KILLS
from chaos.losses import LOSSES
from chaos.poison import POISON
from chaos.topics import TOPICS

FAULTS: Final = {fault.name: fault for fault in (*KILLS, *HANGS, *LOSSES, *TOPICS, *POISON)}
"""Every fault, by its name."""


def schedule(random: Random, count: int) -> list[Fault]:
    """Return `count` faults: all of them in a random order, again and again."""
    chosen: list[Fault] = []
    while len(chosen) < count:
        chosen += random.sample(list(FAULTS.values()), len(FAULTS))
    return chosen[:count]
