"""A Locust user that casts votes. Importing this module lets gevent patch the process."""

from random import SystemRandom
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec
from locust import FastHttpUser
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment

from loadtest.driver.catalogue import Ballots, Choice, read_catalogue, vote_for
from loadtest.driver.electorate import Ballot
from loadtest.model.answer import (
    NO_ANSWER,
    Answer,
    Outcome,
    no_answer,
    read_answer,
)
from loadtest.model.candidate import Candidate
from loadtest.model.catalogue import Catalogue
from voting.client.sent_vote import request_body
from voting.domain.vote import RESIDUES, new_vote_id

_RANDOM: Final = SystemRandom()
_CATALOGUE: Final = read_catalogue()


def new_client_id() -> UUID:
    """Return an id for a vote, spread evenly over the partitions like any other client's."""
    return UUID(new_vote_id(_RANDOM.randrange(RESIDUES)))


class VoteUser(FastHttpUser):
    """Casts votes for the albums of `catalogue` at the target's `/votes`.

    `forced` is the candidate to ask for, None for whatever the splitter chooses. Subclasses decide
    when to vote.
    """

    abstract = True
    forced: Candidate | None = None
    catalogue: ClassVar[Catalogue] = _CATALOGUE
    ballots: ClassVar[Ballots] = Ballots(_CATALOGUE, _RANDOM)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._fresh_session = FastHttpSession(
            self.host,
            self.environment.events.request,
            self,
            network_timeout=self.network_timeout,
            connection_timeout=self.connection_timeout,
            max_retries=self.max_retries,
        )

    def cast_vote(
        self,
        choice: Choice,
        vote_id: UUID | None,
        ballot: Ballot | None = None,
        *,
        fresh: bool = False,
    ) -> Answer:
        """Send one vote, of a voter if there is a ballot; return its answer, or what none means.

        A `fresh` one has a connection of its own; the user keeps that of its other votes meanwhile.
        Locust's own statistics file the request under the route that answered.
        """
        with self._session(fresh=fresh).post(
            "/votes",
            data=self._body(choice, vote_id, ballot),
            headers=self._headers(fresh=fresh),
            catch_response=True,
        ) as response:
            answer = _read(response)
            if vote_id is not None and answer.id not in (vote_id, None):
                answer = msgspec.structs.replace(
                    answer, outcome=Outcome.UNKNOWN, kind="answered with another id"
                )
            response.request_meta["name"] = f"/votes ({answer.route or 'route unknown'})"
            if answer.outcome is Outcome.ACCEPTED:
                response.success()
            else:
                response.failure(answer.kind)
        return answer

    def _session(self, *, fresh: bool) -> FastHttpSession:
        if not fresh:
            return self.client
        # Its last connection may still be open, if the server did not say that it closes it.
        self._fresh_session.client.clientpool.close()
        return self._fresh_session

    def _body(self, choice: Choice, vote_id: UUID | None, ballot: Ballot | None) -> str:
        known_id = None if vote_id is None else str(vote_id)
        voter = {} if ballot is None else {"voter": ballot.voter, "slot": ballot.slot}
        return request_body(vote_for(self.catalogue, choice, id=known_id, **voter)).decode()

    def _headers(self, *, fresh: bool) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self.forced is not None:
            headers |= self.forced.headers
        if fresh:
            headers["Connection"] = "close"
        return headers


def _read(response: Any) -> Answer:
    error = response.request_meta["exception"]
    status = response.status_code
    if error is not None and status < 400:  # a status of 400 or more is an error to Locust as well
        return no_answer(getattr(error, "original", None) or error)  # time-outs come wrapped
    if status == NO_ANSWER:
        return no_answer(ConnectionError())
    return read_answer(status, response.headers, response.content or b"")
