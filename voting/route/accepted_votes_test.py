from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from voting.route.accepted_votes import _SECONDS, AcceptedVotes

TIMES = [0.0004, 0.001, 0.0011, 0.3, 10, 11]


def lines(registry: CollectorRegistry) -> list[str]:
    text = generate_latest(registry).decode()
    return sorted(
        line for line in text.splitlines() if "_created" not in line and not line.startswith("#")
    )


def test_it_exports_the_same_as_the_librarys_counter_and_histogram() -> None:
    mine, theirs = CollectorRegistry(), CollectorRegistry()
    votes = AcceptedVotes("http", mine)
    counter = Counter("votes_accepted_total", "", ["route"], registry=theirs).labels("http")
    histogram = Histogram(
        "vote_request_seconds", "", ["route"], registry=theirs, buckets=_SECONDS
    ).labels("http")
    for seconds in TIMES:
        votes.count(seconds)
        counter.inc()
        histogram.observe(seconds)
    assert lines(mine) == lines(theirs)
