"""Whether this process records traces, and what makes its spans."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voting.service.settings import Settings
    from voting.tracing.traces import Attributes, Kind, Step, Traces

_current: list[Traces] = []


def configure_tracing(settings: Settings, service: str) -> None:
    """Record traces from now on, if the settings say so."""
    if settings.has_traces:
        # Not imported otherwise: OpenTelemetry takes 8 MB and a tenth of a second.
        from voting.tracing.exporting import traces_of

        begin_tracing(traces_of(settings, service))


def begin_tracing(traces: Traces) -> None:
    """Record traces from now on."""
    _current[:] = [traces]


def traces() -> Traces | None:
    """Return what makes this process's spans; None if it records no traces."""
    return _current[0] if _current else None


def step(name: str, kind: Kind, attributes: Attributes) -> Step | None:
    """Return what makes the spans of a step of a vote's way; None if no traces are recorded."""
    return _current[0].step(name, kind, attributes) if _current else None


def end_tracing() -> None:
    """Send the spans that are waiting, within some seconds, and record no more."""
    while _current:
        _current.pop().close()
