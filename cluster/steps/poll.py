"""A poll through everything that an organiser does with it, while the system is restarted."""

import asyncio
from contextlib import closing
from http import HTTPStatus
from typing import Final

import msgspec

from cluster.common import network
from cluster.tested.context import StepContext, StepError, until
from cluster.tested.names import POLLS
from cluster.tested.voters import all_were_accepted, forcing, people_vote
from harness.organisers.organiser import ENTRIES, Organiser
from harness.system.system import VOTER_KEY
from harness.voters.http_client import HttpClient
from harness.voters.poll_window import PollWindow
from harness.voters.ticket_holders import TicketHolders
from svc_polls.tokens import Organiser as Organisers
from svc_polls.tokens import Role, hash_of, new_token
from voting.domain.times import from_rfc3339
from voting.domain.vote import Route
from voting.polls.definition import ShowResult
from voting.polls.phase import Phase
from voting.polls.poll import LEAD_MS
from voting.service.clock_watch import now_ms
from voting.voters.codes import make_code
from voting.voters.keys import MasterKeys, new_key, read_keys
from voting.voters.rules import Way

_POLL: Final = "album-of-the-year"
_DEPLOYMENT: Final = "deployment/svc-polls"
_SECRET: Final = "svc-polls"  # noqa: S105 - its name
_KEYS_SECRET: Final = "voter-keys"  # noqa: S105 - its name
_WITH_KEYS: Final = (
    "deployment/svc-http-route",
    "deployment/svc-grpc-client",
    "deployment/svc-voters",
)
_KNOWN_SECONDS: Final = 30.0
_FINAL_SECONDS: Final = 60.0
_TIMEOUT_SECONDS: Final = 10.0


async def token(context: StepContext) -> str:
    """Give svc_polls an organiser, by the Secret that the manifests name."""
    made = new_token()
    line = Organisers("ana", frozenset(Role), hash_of(made)).line
    await context.kubectl(
        "create", "secret", "generic", _SECRET, f"--from-literal=ORGANISER_TOKENS={line}"
    )
    await context.kubectl("rollout", "restart", _DEPLOYMENT)
    await context.rolled_out(_DEPLOYMENT)
    context.organisers.append(Organiser(POLLS, made))
    return "one organiser, with every role"


async def opened(context: StepContext) -> str:
    """Open a poll by hand whose voters need tokens; wait until every route knows it."""
    (organiser,) = context.organisers
    keys = await _voter_keys(context)
    holders = TicketHolders(_POLL, keys, VOTER_KEY)
    rules = msgspec.structs.replace(holders.rules, ways=(Way.CODES,))
    await asyncio.to_thread(
        organiser.define, _POLL, show_result=ShowResult.ON_RELEASE, voters=rules
    )
    before = await _token_for_a_code(keys)
    answer = await asyncio.to_thread(organiser.open, _POLL)
    opens_at_ms = from_rfc3339(answer["poll"]["opens_at"])
    # By then each route knows it, or is silent.
    await asyncio.sleep(max(0.0, opens_at_ms + LEAD_MS - now_ms()) / 1000)
    context.polls.append(PollWindow(_POLL, ENTRIES, opens_at_ms, holders=holders))
    async with people_vote(context, "poll opened") as sent_votes:

        async def is_voted_in() -> bool:
            return sent_votes.in_polls["acknowledged"] > 20

        await until(is_voted_in, "votes in the poll", _KNOWN_SECONDS)
    vote_id = await _vote_twice(context, before)
    if vote_id != holders.ballot_id(before, ""):
        raise StepError("the vote of a code's token has another id than it should")
    return f"{_POLL} takes votes: {all_were_accepted(sent_votes)}; a code's token votes once"


async def _token_for_a_code(keys: MasterKeys) -> str:
    """Return the token that svc_voters gives for a code, before the poll opens."""
    code_key = keys.scope_keys(VOTER_KEY, _POLL).code_key
    code = make_code(code_key, voter_class=0, batch=1, serial=1)
    body = {"way": "code", "code": code}
    with closing(HttpClient("127.0.0.1", network.ENTRY_PORT, _TIMEOUT_SECONDS)) as client:

        async def is_known() -> bool:
            answer = await client.post(f"/voters/{_POLL}", {}, body)
            return answer.status == HTTPStatus.OK

        await until(is_known, f"svc_voters gives tokens for {_POLL}", _KNOWN_SECONDS)
        return str((await client.post(f"/voters/{_POLL}", {}, body)).document["voter"])


async def _vote_twice(context: StepContext, voter: str) -> str:
    """Cast the same vote over both routes; return its id."""
    body = {"poll": _POLL, "entry": ENTRIES[0].id, "rank": 1, "voter": voter}
    ids = set()
    with closing(HttpClient("127.0.0.1", network.ENTRY_PORT, _TIMEOUT_SECONDS)) as client:
        for route in Route:
            context.others.anonymous += 1
            answer = await client.post("/votes", forcing(route), body)
            if answer.status != HTTPStatus.ACCEPTED:
                raise StepError(f"{route} answers {answer.status} to the vote of a code's token")
            ids.add(str(answer.document["id"]))
    if len(ids) > 1:
        raise StepError(f"the same vote has the ids {' and '.join(sorted(ids))}")
    return ids.pop()


async def _voter_keys(context: StepContext) -> MasterKeys:
    """Give svc_voters and both routes a key for tokens, by the Secret that the manifests name."""
    key = new_key(VOTER_KEY)
    await context.kubectl(
        "create", "secret", "generic", _KEYS_SECRET, f"--from-literal=VOTER_KEYS={key}"
    )
    await context.kubectl("rollout", "restart", *_WITH_KEYS)
    for deployment in _WITH_KEYS:
        await context.rolled_out(deployment)
    return read_keys(key)


async def closed(context: StepContext) -> str:
    """Close the poll early while people vote, wait for its cut, and release its result."""
    (organiser,) = context.organisers
    (window,) = context.polls
    async with people_vote(context, "poll closed") as sent_votes:
        answer = await asyncio.to_thread(organiser.close_now, _POLL)
        window.closes_at_ms = from_rfc3339(answer["poll"]["closes_at"])

        async def is_final() -> bool:
            return (await _phase(organiser)) == Phase.FINAL

        await until(is_final, f"the cut of {_POLL}", _FINAL_SECONDS)
        state = await asyncio.to_thread(organiser.release, _POLL)
    all_were_accepted(sent_votes)
    if not state["poll"]["shows_result"]:
        raise StepError("released, but not shown")
    votes = sent_votes.in_polls
    if not votes["closed"]:
        raise StepError("nobody was told that the poll is closed")
    return f"{votes['acknowledged']} votes before the end, {votes['closed']} refused after it"


async def _phase(organiser: Organiser) -> str:
    state = await asyncio.to_thread(organiser.look, _POLL)
    return "" if state is None else str(state["phase"])
