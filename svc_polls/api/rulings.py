"""Answers organisers' requests about rulings: which votes of a poll do not count."""

from http import HTTPStatus

from sanic import HTTPResponse, Request

from svc_polls.api.changing import ChangeDesk, answer, required_condition
from svc_polls.api.forms import InvalidFormError
from svc_polls.api.requests import authenticate, invalid, leave_body, read_form
from svc_polls.api.ruling_answers import ruling_with_ids
from svc_polls.api.ruling_forms import RulingForm, propose_of
from svc_polls.api.running_changes import RunningChanges
from svc_polls.tokens import Organisers, Role
from voting.domain.bounded_number import read_number
from voting.http.problem import ProblemError
from voting.polls.event import Approve, Refuse
from voting.polls.poll import Poll
from voting.polls.ruling import Ruling


class RulingsApi:
    """Proposes, approves, refuses and shows rulings."""

    def __init__(self, desk: ChangeDesk, organisers: Organisers, changes: RunningChanges) -> None:
        self._desk = desk
        self._organisers = organisers
        self._changes = changes

    async def ruling(self, request: Request, poll: str, number: str) -> HTTPResponse:
        """GET /api/polls/<id>/rulings/<number>."""
        authenticate(request, self._organisers, None)
        self._desk.check_usable()
        found = self._desk.poll(poll)
        return answer(ruling_with_ids(_ruling(found, number), found.definition), event=found.event)

    async def propose(self, request: Request, poll: str) -> HTTPResponse:
        """POST /api/polls/<id>/rulings."""
        author = authenticate(request, self._organisers, Role.RELEASER).name
        with self._changes.one_more(request, "propose"):
            condition = required_condition(request)
            form = await read_form(request, RulingForm)
            self._desk.check_usable()
            try:
                change = propose_of(form, self._desk.poll(poll).definition)
            except InvalidFormError as error:
                raise invalid(error) from error
            return await self._desk.change(author, poll, change, condition)

    async def approve(self, request: Request, poll: str, number: str) -> HTTPResponse:
        """POST /api/polls/<id>/rulings/<number>/approve."""
        return await self._decide(request, poll, number, Approve)

    async def refuse(self, request: Request, poll: str, number: str) -> HTTPResponse:
        """POST /api/polls/<id>/rulings/<number>/refuse."""
        return await self._decide(request, poll, number, Refuse)

    async def _decide(
        self, request: Request, poll: str, number: str, kind: type[Approve | Refuse]
    ) -> HTTPResponse:
        author = authenticate(request, self._organisers, Role.RELEASER).name
        with self._changes.one_more(request, kind.__name__.lower()):
            leave_body(request)
            condition = required_condition(request)
            self._desk.check_usable()
            change = kind(_ruling(self._desk.poll(poll), number).number)
            return await self._desk.change(author, poll, change, condition)


def _ruling(poll: Poll, number: str) -> Ruling:
    try:
        return poll.rulings[read_number(number, 1, len(poll.rulings)) - 1]
    except ValueError as error:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such ruling") from error
