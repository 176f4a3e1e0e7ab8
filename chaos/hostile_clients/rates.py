"""Point 5: one address that votes as fast as it can."""

import asyncio
from typing import Final

from chaos.hostile_clients.client import NAME, HostileClient
from chaos.hostile_clients.wire import SOURCE, Pace
from harness.processes.ports import HOST
from harness.voters.http_client import HttpClient
from voting.client.samples import sample_to_send
from voting.domain.headers import ROUTE_HEADER
from voting.domain.vote import RESIDUES, Route, new_vote_id

_PER_SECOND: Final = 2000.0
_WORKERS: Final = 30
_TIMEOUT_SECONDS: Final = 10.0


class Rates(HostileClient):
    """Votes for one album through the entry, whatever the answers."""

    name = "rates"
    what = "up to 2000 votes/s from one address through the entry"

    async def attack(self) -> None:
        """Vote without end."""
        pace = Pace(_PER_SECOND)
        client = HttpClient(HOST, self._target.entry, _TIMEOUT_SECONDS, sources=[SOURCE])
        async with asyncio.TaskGroup() as workers:
            for _ in range(_WORKERS):
                workers.create_task(self._work(pace, client))

    async def _work(self, pace: Pace, client: HttpClient) -> None:
        while True:
            await pace.turn()
            vote_id = new_vote_id(self._random.randrange(RESIDUES))
            vote = sample_to_send(id=vote_id, name=NAME, album="rates")
            answer = await client.post("/votes", {}, vote.document)
            kind = str(answer.status or answer.reason)
            if answer.status == 429 and "retry-after" not in answer.headers:
                kind = "429 without Retry-After"
            self.record.answers[kind] += 1
            if answer.status == 202:
                route = Route(answer.headers[ROUTE_HEADER])
                self.record.acknowledged.append((vote_id, route))
