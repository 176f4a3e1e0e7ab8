from prometheus_client import CollectorRegistry, generate_latest

from svc_polls.log.metrics import PollsCollector
from svc_polls.testing.fakes import NOW, LogInMemory
from voting.polls.event import Close, Define, Open
from voting.testing.polls import DEFINITION, POLL


def shown(log: LogInMemory) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(PollsCollector(log.known, lambda: log.now_ms))
    lines = generate_latest(registry).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


async def test_polls_are_counted_by_phase_and_the_next_cut_is_dated() -> None:
    log = LogInMemory()
    assert "svc_polls_to_cut_seconds" not in shown(log)
    writer = log.writer()
    for poll in (POLL, "later", "draft"):
        await writer.write("ana", poll, Define(DEFINITION))
    for poll, end in ((POLL, None), ("later", NOW + 60_000)):
        await writer.write("ana", poll, Open())
        await writer.write("ana", poll, Close(end))
    found = shown(log)
    assert found['svc_polls_polls{phase="draft"}'] == 1
    assert found['svc_polls_polls{phase="open"}'] == 2
    assert found["svc_polls_to_cut_seconds"] == 11 + 7 + 1
    log.now_ms += 30_000
    found = shown(log)
    assert found['svc_polls_polls{phase="closed"}'] == 1
    assert found["svc_polls_to_cut_seconds"] == 19 - 30
