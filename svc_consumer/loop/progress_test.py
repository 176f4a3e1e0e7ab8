from svc_consumer.loop.progress import STUCK_STATUS, Progress, Watchdog


def test_it_ends_the_process_after_the_limit_of_ticks_without_progress() -> None:
    ticks: list[int] = []
    statuses: list[int] = []
    Watchdog(Progress(), 3, end=statuses.append, tick=lambda: ticks.append(1)).run()
    assert statuses == [STUCK_STATUS]
    assert len(ticks) == 3


def test_progress_restarts_the_count() -> None:
    progress = Progress()
    ticks: list[int] = []
    statuses: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) in {2, 4}:
            progress.note()

    Watchdog(progress, 3, end=statuses.append, tick=tick).run()
    assert len(ticks) == 7
    assert statuses == [STUCK_STATUS]
