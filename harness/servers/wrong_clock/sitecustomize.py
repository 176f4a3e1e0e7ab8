"""Sets the clock of a Python process apart, for tests of machines whose clocks differ.

Python imports this module by itself in a process that has its folder on PYTHONPATH.
"""

import os
import time

_AHEAD_NS = int(os.environ.get("CLOCK_AHEAD_MS", "0")) * 1_000_000
_true_time_ns = time.time_ns


def _time_ns() -> int:
    return _true_time_ns() + _AHEAD_NS


def _time() -> float:
    return _time_ns() / 1e9


time.time_ns = _time_ns
time.time = _time
