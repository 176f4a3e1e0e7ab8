"""Requests to `POST /votes` for tests: valid, invalid in many ways, and split anywhere."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from voting.testing.polls import (
    CLOSED,
    EARLY,
    POLL,
    REVOKED_BATCH,
    WITH_VOTERS,
    WITHOUT_KEY,
    voter_token,
)

GOOD: Final[dict[str, Any]] = {"name": "Pink Floyd", "album": "Animals", "year": 1977, "rank": 29}
ID: Final = "0b0e7c9e-4f1c-4c6a-9d7b-1f2e3d4c5b6a"
TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
LAST: Final = b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"
NAMES: Final = ("away", "stricter", "broken", "full", "crash", "slow")

_LINES: Final = ("POST /votes HTTP/1.1",)
_ODD_LINES: Final = (
    "POST /votes HTTP/1.0",
    "POST /votes HTTP/2",
    "POST /votes/ HTTP/1.1",
    "POST /votes?a=1 HTTP/1.1",
    "POST  /votes HTTP/1.1",
    "POST /votes HTTP/1.1 ",
    "post /votes HTTP/1.1",
    "GET /votes HTTP/1.1",
    "HEAD /votes HTTP/1.1",
    "PUT /votes HTTP/1.1",
    "POST /nothing HTTP/1.1",
    "POST http://a/votes HTTP/1.1",
    "POST /v\u00f6tes HTTP/1.1",
    "POST /vo\0tes HTTP/1.1",
    "POST evil:80 HTTP/1.1",
    "POST http://evil HTTP/1.1",
    "POST //evil/votes HTTP/1.1",
    "POST ? HTTP/1.1",
    "CONNECT evil:80 HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "\u00e9\u00e9 /votes HTTP/1.1",
    "P\0ST /votes HTTP/1.1",
    "nonsense",
    "",
)
_HARMLESS: Final = (
    "Host: vote.example",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
    "Accept: */*",
    "Accept-Encoding: gzip, deflate",
    "X-Forwarded-For: 10.0.0.1",
    "Connection: keep-alive",
    "connection: Keep-Alive",
    "Cookie: a=b; c=d",
    "Content-Length : 3",
    "X-Empty:",
)
_KEYS: Final = (
    f"Idempotency-Key: {ID}",
    f'idempotency-key: "{ID}"',
    f"IDEMPOTENCY-KEY:   {ID.upper()}  ",
    "Idempotency-Key: 7",
    "Idempotency-Key:",
)
_TRACES: Final = (f"traceparent: {TRACE}", "Traceparent: 00-xyz", f"TraceParent:{TRACE} ")
_TYPES: Final = (
    "content-type: application/json; charset=utf-8",
    "Content-Type: Application/JSON ",
    "Content-Type: text/plain",
    "Content-Type:",
    "X-Content-Type: application/json",
)
_ODD_HEADERS: Final = (
    "Connection: close",
    "Connection: upgrade",
    "Connection: keep-alive ",
    "Connection: keep-alive, TE",
    "Upgrade: websocket",
    "Upgrade: h2c",
    "Expect: 100-continue",
    "Expect: something",
    "Expect: \u00e9",
    "Content-Encoding: gzip",
    "Content-Encoding: identity",
    "Cookie: " + "x" * 3900,
    "X-Huge: " + "x" * 17_000,
    "Content-Length: " + "9" * 5000,
    "Content-Length: 5",
    "Transfer-Encoding: gzip",
    "no colon",
    " folded: line",
    "Name With Space: x",
    "X-Latin: \u00e9",
    "X-Control: a\x01b",
    "X-Bare: a\nb",
    "Content-Type: text/plain",
    f"traceparent: {TRACE}",
    f"Idempotency-Key: {ID}",
    "X-Long: " + "x" * 5000,
    "X-Rather-Long: " + "x" * 2500,
)
_VALUES: Final[dict[str, tuple[object, ...]]] = {
    "name": ("", " a ", "x" * 200, "x" * 201, "e\u0301", "\u00e9\U0001f3b5", "a\nb", None, 7, []),
    "album": ("", " ", "x" * 4096, 'quo"te\\', "\ud800", {}, True),
    "year": (1899, 1900, 2100, 2101, "1973", " 1973", "x", 1973.0, 1973.5, None, 10**30, True),
    "rank": (0, 1, 100, 101, "1", "101", -1, None, "29 ", 2.0),
    "id": (ID, ID.upper(), "7", None, 7, f"{ID}\n", ID.replace("-", "")),
    "color": ("red",),
}
_ODD_BODIES: Final = (b"", b"{", b"[]", b"null", b'"a"', b"not json", b'{"name": "\xff"}', b"{} {}")


class Conversation(NamedTuple):
    """The requests that a client sends over one connection, each in pieces."""

    requests: Sequence[Sequence[bytes]]
    pipelined: bool  # all at once, else each after the previous answer


# In polls of `voting.testing.polls.trial_polls`, in others, and in none.
_IN_POLL: Final[dict[str, Any]] = {"poll": POLL, "entry": "blue", "rank": 5}
_IN_POLLS: Final[tuple[dict[str, Any], ...]] = (
    _IN_POLL,
    _IN_POLL | {"rank": "100"},
    _IN_POLL | {"poll": EARLY},
    _IN_POLL | {"poll": CLOSED},
    _IN_POLL | {"poll": "missing"},
    _IN_POLL | {"poll": None},
    _IN_POLL | {"poll": "x" * 65},
    _IN_POLL | {"entry": "missing"},
    _IN_POLL | {"year": 1971},
    _IN_POLL | {"rank": 101},
    {"poll": POLL, "name": "Joni Mitchell", "album": " Blue ", "year": "1971", "rank": 1},
    {"poll": POLL, "name": "Joni Mitchell", "album": "Hejira", "year": 1976, "rank": 1},
    GOOD | {"name": "poll"},
    GOOD | {"album": 'the "poll"'},
)


def vote_request(
    body: bytes,
    headers: Sequence[str] = (),
    line: str = "POST /votes HTTP/1.1",
    content_type: str = "Content-Type: application/json",
    length: str | None = None,
) -> bytes:
    """Return a request as bytes."""
    length = str(len(body)) if length is None else length
    lines = [line, *headers, content_type, f"Content-Length: {length}"]
    return "\r\n".join([*(part for part in lines if part), "", ""]).encode("latin-1") + body


def conversations(seed: int, requests: int) -> Iterator[Conversation]:
    """Yield conversations with at least `requests` requests in all; the seed determines them."""
    chance = random.Random(seed)  # noqa: S311 - reproducible
    made = 0
    while made < requests:
        number = chance.choice((1, 1, 2, 3, 6))
        pipelined = chance.random() < 0.4
        sent = [_request(chance) for _ in range(number)]
        cut = chance.random() < 0.3
        yield Conversation([_pieces(chance, one) if cut else [one] for one in sent], pipelined)
        made += number


def cut_everywhere(sent: bytes) -> Iterator[Conversation]:
    """Yield a request split in two at every byte, and once into single bytes."""
    for place in range(1, len(sent)):
        yield Conversation([[sent[:place], sent[place:]]], False)
    yield Conversation([[sent[place : place + 1] for place in range(len(sent))]], False)


def _pieces(chance: random.Random, sent: bytes) -> list[bytes]:
    places = sorted(chance.sample(range(len(sent) + 1), min(chance.randint(1, 4), len(sent))))
    return [sent[a:b] for a, b in zip([0, *places], [*places, len(sent)], strict=True) if a < b]


def _request(chance: random.Random) -> bytes:
    body = _body(chance)
    headers = chance.sample(_HARMLESS[:8] if chance.random() < 0.9 else _HARMLESS, 3)
    if chance.random() < 0.15:
        headers.append(chance.choice(_KEYS))
    if chance.random() < 0.15:
        headers.append(chance.choice(_TRACES))
    content_type = "Content-Type: application/json"
    if chance.random() < 0.1:
        content_type = chance.choice((*_TYPES, ""))
    if chance.random() < 0.12:
        return _odd(chance, body, headers, content_type)
    return vote_request(body, headers, content_type=content_type)


def _odd(chance: random.Random, body: bytes, headers: list[str], content_type: str) -> bytes:
    """Return a request that is unusual or invalid."""
    kind = chance.randrange(4)
    if kind == 0:
        return vote_request(body, headers, chance.choice(_ODD_LINES), content_type)
    if kind == 1:
        headers.insert(chance.randint(0, len(headers)), chance.choice(_ODD_HEADERS))
        return vote_request(body, headers, content_type=content_type)
    if kind == 2:
        size = str(len(body))
        lengths = ["", "x", "-1", f"+{size}", f"0{size}", f" {size}", f"{size} ", f"{size}, {size}"]
        lengths += ["9" * 5000, "0", "5000", "99999999999", str(max(0, len(body) - 1)), "1_0"]
        return vote_request(body, headers, content_type=content_type, length=chance.choice(lengths))
    middle = chance.randint(0, len(body))
    pieces = [piece for piece in (body[:middle], body[middle:]) if piece]
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    lines = [_LINES[0], *headers, content_type, "Transfer-Encoding: chunked", "", ""]
    return "\r\n".join(lines).encode("latin-1") + chunked


def _body(chance: random.Random) -> bytes:
    if chance.random() < 0.05:
        return chance.choice(_ODD_BODIES)
    if chance.random() < 0.2:
        return _in_poll(chance)
    fields = dict(GOOD)
    draw = chance.random()
    if draw < 0.3:
        name = chance.choice(list(_VALUES))
        fields[name] = chance.choice(_VALUES[name])
    elif draw < 0.35:
        del fields[chance.choice(list(fields))]
    elif draw < 0.45:
        fields["name"] = chance.choice(NAMES)
    return json.dumps(fields, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")


def _of_voter(chance: random.Random) -> dict[str, Any]:
    """Return what a voter sends; each is another one, so that none has voted before."""
    token = voter_token(chance.getrandbits(64), voter_class=chance.choice((0, 0, 1)))
    wrong = (
        *(None, "", 7, token[:-1], token[:-4] + "AAAA", token + "A"),
        *(voter_token(1, "another"), voter_token(voter_class=2), voter_token(batch=REVOKED_BATCH)),
    )
    return {
        "poll": chance.choice((WITH_VOTERS, WITH_VOTERS, WITHOUT_KEY, POLL)),
        "voter": token if chance.random() < 0.7 else chance.choice(wrong),
    } | ({"slot": chance.choice((1, "1", 2, 0, 101, "x", None))} if chance.random() < 0.2 else {})


def _in_poll(chance: random.Random) -> bytes:
    """Return the body of a vote in a poll, or of what looks like one."""
    fields = dict(chance.choice(_IN_POLLS))
    if chance.random() < 0.4:
        fields |= _of_voter(chance)
    if chance.random() < 0.2:
        del fields[chance.choice(list(fields))]
    body = json.dumps(fields)
    if chance.random() < 0.2:
        body = body.replace('"poll"', '"\\u0070oll"', 1)
    return body.encode()
