"""Answers organisers' requests about rulings: which votes of a poll do not count."""

from collections.abc import Callable
from http import HTTPStatus

from sanic import HTTPResponse, Request

from svc_polls.api.changing import ChangeDesk, answer, required_condition
from svc_polls.api.forms import InvalidFormError
from svc_polls.api.requests import authenticate, invalid, leave_body, read_flag, read_form
from svc_polls.api.ruling_answers import (
    PreviewState,
    RulingPreview,
    entry_votes,
    ruling_with_ids,
)
from svc_polls.api.ruling_forms import RulingForm, propose_of
from svc_polls.api.running_changes import RunningChanges
from svc_polls.previews.ruling_previews import (
    CannotPreviewError,
    NotCountedYetError,
    RulingPreviews,
)
from svc_polls.tokens import Organiser, Organisers, Role
from voting.domain.bounded_number import read_number
from voting.http.problem import ProblemError
from voting.polls.event import Approve, Refuse
from voting.polls.poll import Poll
from voting.polls.ruling import Ruling, RulingState


class RulingsApi:
    """Proposes, approves, refuses and shows rulings."""

    def __init__(
        self,
        desk: ChangeDesk,
        organisers: Organisers,
        changes: RunningChanges,
        previews: RulingPreviews,
        clock: Callable[[], int],
    ) -> None:
        """`clock` is Unix time in milliseconds."""
        self._desk = desk
        self._organisers = organisers
        self._changes = changes
        self._previews = previews
        self._clock = clock

    async def ruling(self, request: Request, poll: str, number: str) -> HTTPResponse:
        """GET /api/polls/<id>/rulings/<number>."""
        organiser = authenticate(request, self._organisers, None)
        self._desk.check_usable()
        with_ids = read_flag(request, "ids", default=True)
        found = self._desk.poll(poll)
        ruling = _ruling(found, number)
        preview = await self._preview(organiser, found, ruling)
        body = ruling_with_ids(ruling, found.definition, preview, ids=with_ids)
        return answer(body, event=found.event)

    async def _preview(
        self, organiser: Organiser, poll: Poll, ruling: Ruling
    ) -> RulingPreview | None:
        """Return what this organiser may know of what an open proposal would do.

        Until the result is shown, that is the sum of all entries, and for releasers only: no
        selection names an entry, so it does not tell which one is ahead.
        """
        if ruling.state is not RulingState.PROPOSED:
            return None
        shown = poll.shows_result(self._clock())
        if not shown and Role.RELEASER not in organiser.roles:
            return RulingPreview(state=PreviewState.HIDDEN)
        try:
            taken, votes_now = await self._previews.of(poll, ruling)
        except NotCountedYetError:
            return RulingPreview(state=PreviewState.COUNTING)
        except CannotPreviewError as error:
            return RulingPreview(state=PreviewState.UNKNOWN, reason=str(error))
        return RulingPreview(
            state=PreviewState.COUNTED,
            votes=taken.votes,
            votes_now=votes_now,
            entries=entry_votes(taken, poll.definition) if shown else None,
        )

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
