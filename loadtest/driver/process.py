"""The process that runs phases with Locust: `python -m loadtest.driver.process`.

It is a process of its own because gevent patches all of it, which would break asyncio and the
clients of the stores. It reads a phase, one line of JSON, from standard input, reports when all
users are ready, waits for the line `begin`, runs the phase, and reads the next. Every phase has
fresh connections. Samples go to the phase's file and `Message`s, one per line, to standard output.
SIGINT ends a phase early and cleanly. The driver ends when there are no more phases to read, and at
once when nobody reads its output any more.
"""

import gc
import logging
import signal
import sys
import time
from pathlib import Path
from random import Random
from typing import Final

import gevent
import msgspec
from locust.env import Environment
from locust.runners import LocalRunner

from loadtest.driver.catalogue import Ballots, read_catalogue
from loadtest.driver.electorate import Electorate
from loadtest.driver.samples import SampleWriter
from loadtest.driver.scheduled_voter import PhaseState, ScheduledVoter
from loadtest.model.arrivals import Arrivals
from loadtest.model.catalogue import Catalogue
from loadtest.model.phase import MAX_VOTES, Message, Phase, PhaseProgress, PhaseReady, PhaseResult

_PROGRESS_INTERVAL_SECONDS: Final = 0.25


class _Meter:
    """Takes the time and the processor time at the start and the end of the measurement."""

    def __init__(self, state: PhaseState) -> None:
        self._state = state
        self._cpu_at_start: float | None = None
        self._started = time.time() - state.now()  # when the measurement starts

    def run(self) -> None:
        gevent.sleep(-self._state.now())
        self._cpu_at_start = time.process_time()

    def result(self, phase: Phase, unsent: int, interrupted: bool, kinds: list[str]) -> PhaseResult:
        cpu = 0.0 if self._cpu_at_start is None else time.process_time() - self._cpu_at_start
        return PhaseResult(
            started=self._started,
            seconds=max(0.0, self._state.now()) if interrupted else phase.seconds,
            cpu_seconds=cpu,
            unsent=unsent,
            interrupted=interrupted,
            kinds=kinds,
        )


def run_phase(phase: Phase) -> None:
    """Run a phase to its end and report it on standard output."""
    with SampleWriter(Path(phase.samples)) as writer:
        state = _new_state(phase, writer)
        runner = _new_runner(phase, state)
        stop = _Stop(state, runner)
        handler = gevent.signal_handler(signal.SIGINT, stop)
        runner.start(phase.users, spawn_rate=phase.users)
        if runner.spawning_greenlet is not None:
            runner.spawning_greenlet.join()
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # what is alive now stays alive: the collector need not look at it again
        _send(PhaseReady())
        sys.stdin.buffer.readline()
        state.begin()
        meter = _Meter(state)
        side_jobs: list[gevent.Greenlet[..., None]] = [
            gevent.spawn(meter.run),
            gevent.spawn(_report_progress, state),
        ]
        runner.user_greenlets.join()
        result = meter.result(phase, state.arrivals.unsent(), stop.requested, writer.kinds)
        gevent.killall(side_jobs)
        runner.quit()
        handler.cancel()
    _send_progress(state)
    _send(result)


def _new_state(phase: Phase, writer: SampleWriter) -> PhaseState:
    arrivals = Arrivals(
        phase.pattern,
        rate=phase.rate,
        warm_up=phase.warm_up,
        seconds=phase.seconds,
        limit=MAX_VOTES,
        random=_random(phase, "arrivals"),
        offset=phase.offset,
    )
    ballots = Ballots(_catalogue(phase), _random(phase, "ballots"))
    electorate = None
    if phase.voters is not None:
        electorate = Electorate(_catalogue(phase).poll, phase.voters)
    return PhaseState(phase, arrivals, ballots, _random(phase, "connections"), writer, electorate)


def _catalogue(phase: Phase) -> Catalogue:
    return phase.catalogue or read_catalogue()


def _random(phase: Phase, purpose: str) -> Random:
    # One for each purpose: the order in which they are used depends on response times.
    return Random(f"{phase.seed} {purpose}")  # noqa: S311 - repeatable, not secret


def _new_runner(phase: Phase, state: PhaseState) -> LocalRunner:
    attributes = {
        "host": phase.target,
        "forced": phase.forced,
        "state": state,
        "catalogue": _catalogue(phase),
        "network_timeout": phase.timeout,
        "connection_timeout": phase.timeout,
    }
    voter = type("Voter", (ScheduledVoter,), attributes)
    environment = Environment(user_classes=[voter], stop_timeout=phase.timeout)
    environment.catch_exceptions = False  # a user that fails is a bug of ours, and must show
    return environment.create_local_runner()


class _Stop:
    """Ends the phase early: no further arrivals, but votes in flight get their answers."""

    def __init__(self, state: PhaseState, runner: LocalRunner) -> None:
        self._state = state
        self._runner = runner
        self.requested = False

    def __call__(self) -> None:
        self.requested = True
        self._state.arrivals.close()
        self._runner.stop()


def _report_progress(state: PhaseState) -> None:
    while True:
        _send_progress(state)
        gevent.sleep(_PROGRESS_INTERVAL_SECONDS)


def _send_progress(state: PhaseState) -> None:
    _send(PhaseProgress(state.now(), state.sent, state.accepted, state.sent - state.accepted))


def _send(message: Message) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Run the phases read from standard input."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end when nobody reads any more
    logging.basicConfig(level=logging.ERROR)
    for line in iter(sys.stdin.buffer.readline, b""):
        run_phase(msgspec.json.decode(line, type=Phase))


if __name__ == "__main__":
    main()
