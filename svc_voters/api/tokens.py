"""Answers voters' requests for tokens."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec
from sanic import HTTPResponse, Request

from svc_voters.api.forms import (
    CodeForm,
    IdentityForm,
    Issued,
    OpenForm,
    PollWays,
    TokenForm,
    read_form,
)
from svc_voters.api.limits import Limits
from svc_voters.api.metrics import ISSUED
from svc_voters.ways.address_limit import Prefix, prefix_of
from svc_voters.ways.browser import (
    cookie_name,
    cookie_value,
    known_secret,
    new_secret,
    set_cookie,
)
from svc_voters.ways.identity import Identities, InvalidIdentityError
from svc_voters.ways.key_set import KeysUnavailableError
from svc_voters.ways.proof import InvalidProofError, browser_secret, new_challenge
from voting.domain.times import to_rfc3339_or_none
from voting.http.client_address import Network, find_address
from voting.http.problem import JSON_TYPE, ProblemError
from voting.polls.known_polls import KnownPolls, RefusalKind
from voting.polls.poll import Poll
from voting.voters.ballots import VoterProblem
from voting.voters.codes import InvalidCodeError, read_code
from voting.voters.issuing import Issuer, IssuingProblem
from voting.voters.keys import MasterKeys, NoKeyError, ScopeKeys
from voting.voters.rules import VoterClass, VoterRules, Way

_AGAIN: Final = {"retry-after": "1"}
# RFC 9110, section 11.6.1: what is missing is a field of the body, so there is no scheme to name.
_UNAUTHORIZED: Final = {"www-authenticate": "VoterToken"}


class Door(NamedTuple):
    """A poll with voters, and the keys of its scope."""

    poll: Poll
    rules: VoterRules
    keys: ScopeKeys

    @property
    def issuer(self) -> Issuer:
        """What makes its tokens."""
        return Issuer(self.rules, self.keys)


class Given(NamedTuple):
    """A token, and the cookie of a browser that was not known before."""

    voter: str
    voter_class: VoterClass
    cookie: str | None = None


class TokensApi:
    """Answers from what is known of the polls, from keys, and from what clients show."""

    def __init__(
        self,
        known: KnownPolls,
        keys: MasterKeys,
        identities: Identities | None,
        limits: Limits,
        *,
        proof_of_work: int,
        trusted: tuple[Network, ...],
        clock: Callable[[], int],
    ) -> None:
        """`clock` is Unix time in milliseconds; without `identities` there is no login."""
        self._known = known
        self._keys = keys
        self._identities = identities
        self._limits = limits
        self._proof_of_work = proof_of_work
        self._trusted = trusted
        self._clock = clock

    async def ways(self, request: Request, poll: str) -> HTTPResponse:
        """GET /voters/<poll>."""
        found = self._poll(poll)
        rules = found.definition.voters
        if rules is None:
            return _answer(PollWays(scope=None, ways=(), challenge=None))
        challenge = None
        if Way.OPEN in rules.ways and self._proof_of_work:
            nonce_key = self._door(found).keys.nonce_key
            if known_secret(nonce_key, _cookies(request, rules)) is None:
                challenge = new_challenge(nonce_key, self._proof_of_work, self._clock())
        return _answer(PollWays(scope=rules.scope, ways=rules.ways, challenge=challenge))

    async def issue(self, request: Request, poll: str) -> HTTPResponse:
        """POST /voters/<poll>."""
        prefix = self._prefix(request)
        self._limits.ask(prefix)
        headers = request.headers
        form = read_form(request.body, headers.get("content-type"), headers.get("content-encoding"))
        door = self._door(self._poll(poll))
        way = _way_of(form)
        if way not in door.rules.ways:
            raise _refused(
                HTTPStatus.FORBIDDEN,
                "this poll gives out no tokens in this way",
                IssuingProblem.WAY_NOT_OFFERED,
            )
        match form:
            case OpenForm(proof):
                given = self._for_browser(request, door, proof)
            case CodeForm(code):
                given = self._for_code(prefix, door, code)
            case IdentityForm(identity):
                given = await self._for_account(door, identity)
        ISSUED.labels(way).inc()
        issued = Issued(given.voter, given.voter_class.name, door.rules.scope)
        return _answer(issued, given.cookie)

    def _for_browser(self, request: Request, door: Door, proof: str | None) -> Given:
        voter_class = _class_of(door, 0)
        nonce_key, cookie = door.keys.nonce_key, None
        secret = known_secret(nonce_key, _cookies(request, door.rules))
        if secret is None:
            secret = self._secret_of_new_browser(nonce_key, proof)
            value = cookie_value(nonce_key, secret)
            cookie = set_cookie(door.rules, value, secure=_is_secure(request))
        return Given(door.issuer.for_browser(secret), voter_class, cookie)

    def _secret_of_new_browser(self, nonce_key: bytes, proof: str | None) -> bytes:
        if proof is None:
            if not self._proof_of_work:
                return new_secret()
            raise _unauthorized("proof", "is missing", IssuingProblem.PROOF_INVALID)
        try:
            return browser_secret(nonce_key, proof)
        except InvalidProofError as error:
            raise _unauthorized("proof", str(error), IssuingProblem.PROOF_INVALID) from None

    def _for_code(self, prefix: Prefix, door: Door, text: str) -> Given:
        try:
            code = read_code(door.keys.code_key, text)
        except InvalidCodeError:
            self._limits.count_wrong_code(prefix)
            raise _unauthorized(
                "code", "is not a code for this poll", IssuingProblem.CODE_INVALID
            ) from None
        voter_class = _class_of(door, code.voter_class)
        if code.batch in door.poll.revoked_batches:
            raise _revoked()
        return Given(door.issuer.for_code(code), voter_class)

    async def _for_account(self, door: Door, text: str) -> Given:
        if self._identities is None:
            raise _unavailable("this service knows no login")
        try:
            account = await self._identities.account(text)
        except InvalidIdentityError as error:
            raise _unauthorized("identity", str(error), IssuingProblem.IDENTITY_INVALID) from None
        except KeysUnavailableError:
            raise _unavailable("the login's keys are not known right now") from None
        door = self._door(self._poll(door.poll.id))  # the login's answer took its time
        voter_class = _class_named(door, account.voter_class)
        issuer = self._identities.issuer
        voter = door.issuer.for_account(issuer, account.subject, voter_class.number)
        return Given(voter, voter_class)

    def _poll(self, poll_id: str) -> Poll:
        """Return a poll for which tokens are given out; raise `ProblemError`."""
        now_ms = self._clock()
        if not self._known.is_fresh(now_ms):
            raise _unavailable("the polls are not known right now")
        poll = self._known.book.polls.get(poll_id)
        if poll is None:
            raise _refused(HTTPStatus.NOT_FOUND, "there is no such poll", RefusalKind.NO_SUCH_POLL)
        if poll.is_closed(now_ms):
            raise _refused(
                HTTPStatus.CONFLICT,
                "the poll is closed",
                RefusalKind.CLOSED,
                closes_at=to_rfc3339_or_none(poll.closes_at_ms),
            )
        return poll

    def _door(self, poll: Poll) -> Door:
        rules = poll.definition.voters
        if rules is None:
            raise _refused(
                HTTPStatus.FORBIDDEN,
                "a vote in this poll needs no token",
                IssuingProblem.WAY_NOT_OFFERED,
            )
        try:
            return Door(poll, rules, self._keys.scope_keys(rules.key, rules.scope))
        except NoKeyError:
            raise _unavailable("the key of this poll's tokens is not here") from None

    def _prefix(self, request: Request) -> Prefix:
        forwarded_for = request.headers.getall("x-forwarded-for", [])
        return prefix_of(find_address(request.ip, forwarded_for, self._trusted))


def _way_of(form: TokenForm) -> Way:
    match form:
        case OpenForm():
            return Way.OPEN
        case CodeForm():
            return Way.CODES
        case IdentityForm():
            return Way.IDENTITY


def _class_of(door: Door, number: int) -> VoterClass:
    for voter_class in door.rules.classes:
        if voter_class.number == number:
            return _not_revoked(door, voter_class)
    raise _other_polls()


def _class_named(door: Door, name: str | None) -> VoterClass:
    if name is None:
        return _class_of(door, 0)
    for voter_class in door.rules.classes:
        if voter_class.name == name:
            return _not_revoked(door, voter_class)
    raise _other_polls()


def _not_revoked(door: Door, voter_class: VoterClass) -> VoterClass:
    if voter_class.number in door.poll.revoked_classes:
        raise _revoked()
    return voter_class


def _cookies(request: Request, rules: VoterRules) -> list[str]:
    values: list[str] = request.cookies.getlist(cookie_name(rules), [])
    return values


def _is_secure(request: Request) -> bool:
    """Whether a browser came by HTTPS, as the entry says; who forges it harms only themselves."""
    forwarded: str = request.headers.get("x-forwarded-proto", "http")
    return forwarded.strip().lower() != "http"


def _answer(body: msgspec.Struct, cookie: str | None = None) -> HTTPResponse:
    headers = {} if cookie is None else {"set-cookie": cookie}
    return HTTPResponse(msgspec.json.encode(body), headers=headers, content_type=JSON_TYPE)


def _refused(
    status: HTTPStatus, detail: str, kind: str, closes_at: str | None = None
) -> ProblemError:
    return ProblemError(status, detail, kind=kind, closes_at=closes_at)


def _unauthorized(field: str, reason: str, kind: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        f"{field}: {reason}",
        field=field,
        kind=kind,
        headers=_UNAUTHORIZED,
    )


def _other_polls() -> ProblemError:
    return _refused(
        HTTPStatus.FORBIDDEN, "this poll has no voters of this class", VoterProblem.OTHER_POLLS
    )


def _revoked() -> ProblemError:
    return _refused(
        HTTPStatus.FORBIDDEN, "these voters' tokens were taken back", VoterProblem.REVOKED
    )


def _unavailable(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=_AGAIN)
