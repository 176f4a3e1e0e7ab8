"""What it costs to give out voters' tokens."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Final, override

from bench.apparatus.load import Load
from bench.apparatus.turn import Case, Meter, Turn
from harness.processes.server import Server
from harness.servers.services import Service
from voting.voters.codes import make_code
from voting.voters.keys import ScopeKeys
from voting.voters.rules import VoterRules, Way

POLL: Final = "bench-tokens"
TOKEN_RULES: Final = VoterRules(scope=POLL, key=1, ways=(Way.OPEN, Way.CODES))
# No limit, and no work, which is the browser's.
TOKEN_SETTINGS: Final = {
    "PROOF_OF_WORK": "0",
    "TOKENS_PER_SECOND": "1e9",
    "TOKENS_AT_ONCE": str(10**9),
}
CONNECTIONS: Final = 64
TOKEN_NAMES: Final = {
    f"tokens-open-{CONNECTIONS}": "svc_voters, tokens for new browsers, no proof of work, "
    f"{CONNECTIONS} connections",
    f"tokens-code-{CONNECTIONS}": f"svc_voters, tokens for codes, {CONNECTIONS} connections",
}

_OPEN: Final = b'{"way":"open"}'
_CODES: Final = 1_000
_WARM_UP_SECONDS: Final = 0.2


class TokenCase(Case):
    """Tokens from one service over many connections, each as fast as it is answered."""

    def __init__(
        self,
        name: str,
        service: Service,
        others: Mapping[str, Server],
        requests: Sequence[bytes],
    ) -> None:
        super().__init__(name, TOKEN_NAMES[name], (service.program,))
        self._service = service
        self._servers = {service.program: service, **others}
        self._requests = requests

    @override
    async def turn(self, seconds: float) -> Turn:
        async with token_load(self._service, CONNECTIONS, cycle(self._requests)) as load:
            await load.run(min(_WARM_UP_SECONDS, seconds))
            load.reset()
            meter = Meter(self._servers)
            await load.run(seconds)
            return meter.turn(load.accepted).with_latencies(load.latencies)


def token_cases(service: Service, others: Mapping[str, Server], keys: ScopeKeys) -> list[TokenCase]:
    """Return a case for each way of `TOKEN_RULES`."""
    codes = [
        make_code(keys.code_key, voter_class=0, batch=1, serial=number)
        for number in range(1, _CODES + 1)
    ]
    bodies = [b'{"way":"code","code":"%b"}' % code.encode() for code in codes]
    requests = ([_request(service.host, _OPEN)], [_request(service.host, body) for body in bodies])
    return [
        TokenCase(name, service, others, sent)
        for name, sent in zip(TOKEN_NAMES, requests, strict=True)
    ]


def token_load(service: Service, connections: int, requests: Iterator[bytes]) -> Load:
    """Return a load of requests for tokens."""
    return Load([service], connections, requests=requests, is_good=_has_token)


def new_browsers(service: Service) -> Iterator[bytes]:
    """Yield requests of browsers that were not there before."""
    return cycle([_request(service.host, _OPEN)])


def _has_token(response: bytes) -> bool:
    return response.startswith(b"HTTP/1.1 200 ") and b'"voter":"' in response


def _request(host: str, body: bytes) -> bytes:
    return (
        b"POST /voters/%b HTTP/1.1\r\nhost: %b\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (POLL.encode(), host.encode(), len(body), body)
    )
