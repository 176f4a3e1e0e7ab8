"""The services' own metrics, as Prometheus has recorded them.

Prometheus, not the services' /metrics: it reads every process, on Kubernetes as on one machine,
and its readings carry the time at which they were taken.
"""

import asyncio
from typing import Final
from urllib.parse import urlencode

import msgspec

from loadtest.measure.direct_http import open_directly

CPU: Final = "process_cpu_seconds_total"
MEMORY: Final = "process_resident_memory_bytes"
BATCHES: Final = "vote_batch_size_count"
BATCHED: Final = "vote_batch_size_sum"

_TIMEOUT_SECONDS: Final = 10.0


class PrometheusError(Exception):
    """Prometheus does not answer, or not as it should; the text says how."""


class Track(msgspec.Struct, frozen=True):
    """The readings of one metric of one process: (Unix time, value), in order."""

    metric: str
    labels: dict[str, str]
    readings: list[tuple[float, float]]


async def read_tracks(url: str, start: float, end: float) -> list[Track]:
    """Return every reading of the metrics above between two Unix times.

    Raises `PrometheusError`.
    """
    window = f"{max(1, round(1000 * (end - start)))}ms"
    tracks = []
    for metric in (CPU, MEMORY, BATCHES, BATCHED):
        # A range selector gives the readings themselves, not values in between.
        query = {"query": f"{metric}[{window}]", "time": f"{end:.3f}"}
        answer = await asyncio.to_thread(
            _query, f"{url.rstrip('/')}/api/v1/query?{urlencode(query)}"
        )
        tracks += [_track(metric, series) for series in answer.data.result]
    return tracks


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Data(msgspec.Struct):
    result: list[_Series]


class _QueryResult(msgspec.Struct):
    data: _Data


def _query(url: str) -> _QueryResult:
    try:
        with open_directly(url, _TIMEOUT_SECONDS) as response:
            return msgspec.json.decode(response.read(), type=_QueryResult)
    except (OSError, msgspec.DecodeError) as error:
        raise PrometheusError(str(error)) from error


def _track(metric: str, series: _Series) -> Track:
    readings = [(at, float(value)) for at, value in series.values]
    return Track(metric, series.metric, readings)
