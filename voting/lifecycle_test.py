from voting.lifecycle import Readiness


def test_a_service_starts_not_ready() -> None:
    assert not Readiness().ready


def test_it_becomes_ready_and_says_why_when_it_is_not() -> None:
    readiness = Readiness()
    readiness.set_ready()
    assert readiness.ready
    readiness.set_not_ready("Kafka is away")
    assert (readiness.ready, readiness.reason) == (False, "Kafka is away")


def test_a_draining_service_stays_not_ready() -> None:
    readiness = Readiness()
    readiness.drain()
    readiness.set_ready()
    assert readiness.reason == "draining"


async def test_a_change_wakes_who_waits_for_it() -> None:
    readiness = Readiness()
    changed = readiness.changed()
    readiness.set_not_ready("starting")  # as before
    assert not changed.done()
    readiness.set_ready()
    assert changed.done()
