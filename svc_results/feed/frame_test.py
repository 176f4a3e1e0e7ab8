import zlib

import msgspec

from svc_results.feed.frame import GZIP_HEADER, HEARTBEAT, OPENING, Frame
from svc_results.result.ranking import ranking_of
from svc_results.result.rates import RateMeter
from svc_results.result.snapshot import Snapshot, Unavailable, take_snapshot
from voting.domain.tally import AlbumTally, Tally


def snapshot(album: str) -> Snapshot:
    tally = Tally(albums={("x", album, 2000): AlbumTally("x", album, 2000, 1, 1)})
    return take_snapshot("now", ranking_of(tally), RateMeter(), (), Unavailable())


def test_a_frame_is_one_event_whatever_the_names_contain() -> None:
    text = Frame(1, snapshot("a\n\ndata: {}\r\nevent: x")).text.decode()
    event, data, *rest = text.split("\n")
    assert event == "event: results"
    assert rest == ["", ""]
    assert "\r" not in text
    album = msgspec.json.decode(data.removeprefix("data: "))["albums"][0]["album"]
    assert album == "a\n\ndata: {}\r\nevent: x"


def test_every_watcher_can_be_sent_the_same_compressed_pieces() -> None:
    one, two = Frame(1, snapshot("one")), Frame(2, snapshot("two"))
    for events in ([OPENING, one, two], [OPENING, two, HEARTBEAT, HEARTBEAT], [OPENING, one, one]):
        reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        reader.decompress(GZIP_HEADER)
        # Each piece can be decompressed as soon as it arrives.
        assert [reader.decompress(event.deflated) for event in events] == [e.text for e in events]
