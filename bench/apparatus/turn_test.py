from bench.apparatus.turn import Turn


def test_percentiles_of_a_turn_are_by_nearest_rank() -> None:
    """The 99th percentile of a hundred is the second slowest, not the slowest."""
    found = Turn(100, 1.0, {}).with_latencies([float(n) for n in range(100, 0, -1)])
    assert (found.p50, found.p99) == (50.0, 99.0)


def test_a_turn_without_latencies_has_none() -> None:
    found = Turn(1, 1.0, {}).with_latencies([])
    assert (found.p50, found.p99) == (None, None)
