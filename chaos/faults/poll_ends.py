"""What happens at the worst moment for a poll: around its end, its cut, and its early close."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from chaos.faults.fault import Fault, FaultFailedError, Scene
from chaos.faults.poll_probe import judges_votes_in_polls
from harness.organisers.organiser import ENTRIES, Organiser, OrganiserError
from harness.system.weakened import CLOCKS_MS
from harness.voters.poll_window import PollWindow
from voting.domain.times import from_rfc3339
from voting.domain.vote import Route
from voting.polls.phase import Phase
from voting.polls.poll import FRESH_MS, LEAD_MS, SKEW_MS
from voting.service.clock_watch import now_ms

_CUT_SECONDS: Final = 60.0
_KNOWN_SECONDS: Final = 30.0
_SILENT_SECONDS: Final = 30.0
# A proof that a route asked for just before its network was cut is a little younger.
_STALE_WITHIN_MS: Final = FRESH_MS + SKEW_MS + 1_000
_ANSWER_WITHIN_MS: Final = 7_000  # of svc_polls, unless it is set

_ROUTES: Final = {
    Route.HTTP: ("svc_http_route", "svc_http_route"),
    Route.GRPC: ("svc_grpc_client", "svc_grpc_server"),
}
"""For each route the service that takes votes, and the one that reads the log of polls."""


def _kafka_away_over_the_end(scene: Scene) -> None:
    _, end_ms = scene.next_end()
    scene.wait_for(end_ms - 500)
    for node in scene.system.nodes:
        node.kill()
    scene.wait_for(end_ms + 1_500)
    scene.start_recovery()
    for node in scene.system.nodes:
        node.start()


def _killed_before_the_cut(scene: Scene) -> None:
    poll, end_ms = scene.next_end()
    first, second = scene.system.poll_services
    scene.wait_for(end_ms + 500)
    first.kill()
    second.kill()
    scene.wait_for(end_ms + _ANSWER_WITHIN_MS + SKEW_MS)
    scene.start_recovery()
    second.start()
    organiser = scene.organisers[1]

    def is_final() -> bool:
        try:
            state = organiser.look(poll.id)
        except OrganiserError:
            return False  # it does not know the newest event yet
        return state is not None and state["phase"] == Phase.FINAL

    scene.wait_until(is_final, f"the cut of {poll.id}", _CUT_SECONDS)
    first.start()


def _two_close_at_once(scene: Scene) -> None:
    scene.wait_until(
        lambda: all(organiser.is_answered() for organiser in scene.organisers),
        "both instances know the newest event",
        _KNOWN_SECONDS,
    )
    while (defined := _define(scene.organisers[0])) is None:
        scene.wait(0)
    poll, event = defined
    scene.polls.append(poll)
    scene.wait_for(poll.opens_at_ms + 500)
    with ThreadPoolExecutor() as threads:
        answers = [threads.submit(_close, one, poll.id, event) for one in scene.organisers]
        ends = [end for answer in answers if (end := answer.result()) is not None]
    if len(ends) != 1:
        raise FaultFailedError(f"{len(ends)} of two organisers closed {poll.id}")
    poll.closes_at_ms = ends[0]
    scene.start_recovery()
    scene.wait_until(
        lambda: all(_end_at(one, poll.id) == ends[0] for one in scene.organisers),
        f"both instances know the end of {poll.id}",
        _KNOWN_SECONDS,
    )


def _define(organiser: Organiser) -> tuple[PollWindow, int] | None:
    """Define a poll that opens soon; return it and its event, None when it would open too soon."""
    now = now_ms()
    poll = PollWindow(f"closed-twice-{now}", ENTRIES, now + LEAD_MS + 2_000, clocks_ms=CLOCKS_MS)
    try:
        return poll, organiser.define(poll.id, poll.opens_at_ms)["event"]
    except OrganiserError as error:
        if "at the soonest" not in str(error):
            raise
        return None  # the machine stood still meanwhile


def _close(organiser: Organiser, poll: str, event: int) -> int | None:
    """Close a poll; return its end, None when another was first."""
    try:
        return from_rfc3339(organiser.close_now(poll, event)["poll"]["closes_at"])
    except OrganiserError as error:
        if not str(error).startswith("412"):
            raise FaultFailedError(f"who closes second must be told: {error}") from error
        return None


def _end_at(organiser: Organiser, poll: str) -> int | None:
    state = organiser.look(poll)
    return None if state is None or not state["closes_at"] else from_rfc3339(state["closes_at"])


def _route_without_news(scene: Scene) -> None:
    route = scene.random.choice(list(Route))
    (other,) = set(Route) - {route}
    name, reader = _ROUTES[route]
    cut_off = scene.system.services[name]
    goes_on = scene.system.services[_ROUTES[other][0]]
    proxy = scene.system.proxies[reader]
    proxy.pause()
    began_ms = last_ms = now_ms()

    def is_silent() -> bool:
        nonlocal last_ms
        sent_ms = now_ms()
        if not judges_votes_in_polls(cut_off):
            return True
        last_ms = sent_ms
        return False

    try:
        scene.wait_until(is_silent, f"{name} takes no votes in polls", _SILENT_SECONDS)
        if last_ms - began_ms > _STALE_WITHIN_MS:
            text = f"{name} judged votes in polls for {last_ms - began_ms} ms without news"
            raise FaultFailedError(text)
        if not judges_votes_in_polls(goes_on):
            raise FaultFailedError(f"{goes_on.name} does not go on without {name}")
        scene.must_acknowledge(other)
    finally:
        scene.start_recovery()
        proxy.resume()
    scene.wait_until(lambda: judges_votes_in_polls(cut_off), f"{name} goes on", _SILENT_SECONDS)


POLL_ENDS: Final = [
    Fault(
        "Kafka away over an end",
        "SIGKILL of the broker just before a poll closes, restart just after",
        _kafka_away_over_the_end,
    ),
    Fault(
        "kill svc_polls before a cut",
        "SIGKILL of both instances after a poll has closed; one restarts when the cut is due",
        _killed_before_the_cut,
    ),
    Fault(
        "two close at once",
        "two organisers close a poll at the same moment, each at another instance",
        _two_close_at_once,
    ),
    Fault(
        "route without news",
        "nothing passes between one route and Kafka until it takes no votes in polls",
        _route_without_news,
    ),
]
