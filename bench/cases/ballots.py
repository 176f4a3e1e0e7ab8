"""Requests with votes, ready to be sent."""

from typing import Final

import msgspec

_ALBUMS: Final = 100


def request(host: str, name: str, album: str, year: int, rank: int) -> bytes:
    """Return a request to `host` that casts a vote; the service makes the id."""
    vote = {"name": name, "album": album, "year": year, "rank": rank}
    body = msgspec.json.encode(vote)
    head = (
        "POST /votes HTTP/1.1\r\n"
        f"host: {host}\r\n"
        "content-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def requests(host: str) -> list[bytes]:
    """Return requests with votes on a hundred albums."""
    return [
        request(host, f"The Band {n % 25}", f"Album number {n}", 1950 + n % 70, 1 + n)
        for n in range(_ALBUMS)
    ]
