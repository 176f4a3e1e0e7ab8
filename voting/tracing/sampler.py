"""Decides which traces are recorded, where they begin."""

from random import random
from typing import Final

from voting.service.settings import SamplerName
from voting.tracing.trace_context import if_sampled, trace_id_of

_IDS: Final = 1 << 64


class Sampler:
    """OpenTelemetry's samplers of these names, for a tenth of their processor time.

    `ratio` is what a vote without a traceparent is sampled with. The ids of sampled traces lie
    below `bound` in their lower half, so that any `traceidratio` of this ratio agrees.
    """

    def __init__(self, name: SamplerName, ratio: float) -> None:
        """Make the sampler with this name; `ratio` is its argument."""
        self.follows = name.startswith("parentbased_")
        """Whether the flag of a traceparent decides, if there is one."""
        fixed = {"always_on": 1.0, "always_off": 0.0}
        self.ratio = fixed.get(name.removeprefix("parentbased_"), ratio)
        self.bound = round(self.ratio * _IDS)

    def takes(self, parent: str | None) -> bool:
        """Whether to record what has this `traceparent`."""
        if parent is None:
            return random() < self.ratio  # noqa: S311 - guards nothing
        if self.follows:
            return if_sampled(parent) is not None
        return int(trace_id_of(parent), 16) % _IDS < self.bound
