"""Point 4: made-up albums, with names of the maximum length."""

import asyncio
from typing import Final

from chaos.hostile_clients.client import NAME, HostileClient
from chaos.hostile_clients.wire import SOURCE, Pace
from harness.processes.ports import HOST
from harness.voters.http_client import HttpClient
from voting.client.samples import sample_to_send
from voting.domain.vote import RESIDUES, Route, new_vote_id

_ALBUMS: Final = 30_000
_PER_SECOND: Final = 300.0
_WORKERS: Final = 20
_TIMEOUT_SECONDS: Final = 10.0


class Albums(HostileClient):
    """Votes for another album each time, on the routes' own ports."""

    name = "albums"
    what = "up to 30,000 new albums with names of 400 characters, 300 votes/s past the entry"

    async def attack(self) -> None:
        """Post a vote for another album each time."""
        self._next = 0
        pace = Pace(_PER_SECOND)
        async with asyncio.TaskGroup() as workers:
            for _ in range(_WORKERS):
                for route, port in self._target.routes.items():
                    client = HttpClient(HOST, port, _TIMEOUT_SECONDS, sources=[SOURCE])
                    workers.create_task(self._work(pace, route, client))

    async def _work(self, pace: Pace, route: Route, client: HttpClient) -> None:
        while True:
            await pace.turn()
            number = self._next % _ALBUMS
            self._next += 1
            vote_id = new_vote_id(self._random.randrange(RESIDUES))
            album = f"made up {number:06d} ".ljust(200, "y")
            vote = sample_to_send(id=vote_id, name=NAME, album=album, rank=1 + number % 100)
            answer = await client.post("/votes", {}, vote.document)
            self.record.answers[str(answer.status or answer.reason)] += 1
            if answer.status == 202:
                self.record.acknowledged.append((vote_id, route))
