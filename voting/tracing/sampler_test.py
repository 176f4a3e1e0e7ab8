from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased
from opentelemetry.trace import SpanKind

from voting.service.settings import SamplerName
from voting.testing.spans import PARENT, below, recorded_spans
from voting.tracing.sampler import Sampler
from voting.tracing.trace_context import trace_id_of
from voting.tracing.tracing import traces

SAMPLED, UNSAMPLED = PARENT, PARENT[:-2] + "00"


@pytest.mark.parametrize(
    ("name", "without", "sampled", "unsampled"),
    [
        ("always_on", True, True, True),
        ("always_off", False, False, False),
        ("parentbased_always_on", True, True, False),
        ("parentbased_always_off", False, True, False),
    ],
)
def test_a_parent_decides_only_for_samplers_based_on_it(
    name: SamplerName, without: bool, sampled: bool, unsampled: bool
) -> None:
    sampler = Sampler(name, 0.5)
    found = [sampler.takes(parent) for parent in (None, SAMPLED, UNSAMPLED)]
    assert found == [without, sampled, unsampled]


def test_every_name_is_known() -> None:
    for name, parent in product(get_args(SamplerName), (None, SAMPLED, UNSAMPLED)):
        assert Sampler(name, 0).takes(parent) in {True, False}


@pytest.mark.parametrize(("ratio", "takes"), [(0.0, False), (1.0, True)])
def test_the_ends_of_a_ratio_are_exact(ratio: float, takes: bool) -> None:
    sampler = Sampler("traceidratio", ratio)
    assert all(sampler.takes(None) is takes for _ in range(1000))


@given(ratio=st.floats(0, 1), trace=st.integers(1, 2**128 - 1))
def test_a_ratio_takes_the_traces_that_opentelemetry_takes(ratio: float, trace: int) -> None:
    theirs = TraceIdRatioBased(ratio).should_sample(None, trace, "").decision
    parent = f"00-{trace:032x}-{1:016x}-00"
    assert Sampler("traceidratio", ratio).takes(parent) == (theirs is Decision.RECORD_AND_SAMPLE)


def test_a_new_trace_has_an_id_that_its_ratio_takes() -> None:
    with recorded_spans(ratio=0.01) as recorded:
        made = traces()
        assert made is not None
        for _ in range(100):
            made.start("a", SpanKind.SERVER, {}, None).end()
    ids = {int(trace_id_of(below(span)), 16) for span in recorded.spans}
    theirs = TraceIdRatioBased(0.01)
    decisions = {theirs.should_sample(None, trace, "").decision for trace in ids}
    assert (len(ids), decisions) == (100, {Decision.RECORD_AND_SAMPLE})
