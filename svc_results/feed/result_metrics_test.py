from prometheus_client import CollectorRegistry, generate_latest

from svc_results.feed.result_metrics import ALBUMS_EXPORTED, ResultCollector
from svc_results.result.ranking import ranking_of
from svc_results.result.rates import RateMeter
from svc_results.result.snapshot import Unavailable, take_snapshot
from voting.domain.tally import AlbumTally, Tally
from voting.domain.vote import Route


def registry_of(tally: Tally) -> CollectorRegistry:
    snapshot = take_snapshot("now", ranking_of(tally), RateMeter(), (), Unavailable())
    registry = CollectorRegistry()
    registry.register(ResultCollector(lambda: snapshot))
    return registry


def album(title: str, votes: int) -> AlbumTally:
    return AlbumTally("Björk", title, 1993, votes, 50 * votes)


def test_the_votes_of_each_album_and_route_are_exported() -> None:
    tally = Tally({("Björk", "Debut", 1993): album("Debut", 3)}, {Route.GRPC: 1, Route.HTTP: 2})
    registry = registry_of(tally)
    labels = {"name": "Björk", "album": "Debut", "year": "1993"}
    assert registry.get_sample_value("svc_results_album_votes", labels) == 3
    assert registry.get_sample_value("svc_results_route_votes", {"route": "grpc"}) == 1
    assert registry.get_sample_value("svc_results_route_votes", {"route": "http"}) == 2


def test_only_the_albums_with_the_most_votes_are_exported() -> None:
    albums = {("Björk", str(n), 1993): album(str(n), n + 1) for n in range(ALBUMS_EXPORTED + 5)}
    text = generate_latest(registry_of(Tally(albums))).decode()
    lines = [line for line in text.splitlines() if line.startswith("svc_results_album_votes{")]
    assert len(lines) == ALBUMS_EXPORTED
    assert f"svc_results_albums {ALBUMS_EXPORTED + 5}.0" in text
    assert all(float(line.rpartition(" ")[2]) > 5 for line in lines)


def test_a_title_is_escaped_in_its_label() -> None:
    title = 'a"} 1\nvotes_accepted_total 9'
    text = generate_latest(registry_of(Tally({("Björk", title, 1993): album(title, 1)}))).decode()
    assert not any(line.startswith("votes_accepted_total") for line in text.splitlines())
