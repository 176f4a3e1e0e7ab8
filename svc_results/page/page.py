"""Renders the page as HTML with the current data."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

from svc_results.page.messages import CATALOGUE, format_speed
from svc_results.page.templates import TEMPLATES
from svc_results.polls.poll_state import ListedPoll
from svc_results.result.newest_votes import VoteEntry, VotePage
from svc_results.result.snapshot import Snapshot
from voting.domain.vote import RANK_MAX, RANK_MIN, YEAR_MAX, YEAR_MIN, Route
from voting.pages.languages import Language
from voting.pages.numbers import format_number, format_percent

STATIC_FOLDER: Final = Path(__file__).with_name("static")
"""The files of the pages."""

_TEMPLATE: Final = TEMPLATES.get_template("page.html")

_ROUTE_NAMES: Final = {Route.GRPC: "gRPC", Route.HTTP: "HTTP"}

# Values of the row templates that the script clones.
_BLANK: Final = {
    **dict.fromkeys(VoteEntry.__struct_fields__, ""),
    "votes": 0,
    "average_rank": 0,
    "route": Route.GRPC,
    "cover": 0,
}


def render_page(
    language: Language,
    result: Snapshot,
    older: VotePage | None,
    static_root: str,
    voted: str | None = None,
    polls: Sequence[ListedPoll] = (),
) -> str:
    """Return the page in `language`.

    `older` is a page of the vote log to show instead of the newest votes; `static_root` is the URL
    of the static files; `voted` is the id of an accepted vote that the browser has just sent as a
    form; `polls` are listed. The form of each page has an id of its own, so that a form sent twice
    is one vote.
    """
    return _TEMPLATE.render(
        m=CATALOGUE[language],
        language=language,
        other="en" if language == "es" else "es",
        number=partial(format_number, language),
        percent=partial(format_percent, language),
        speed=partial(format_speed, language),
        route_name=_ROUTE_NAMES.__getitem__,
        result=result,
        votes=older or result.newest,
        paged=older is not None,
        voted=voted,
        polls=polls,
        form_id=uuid4(),
        blank=_BLANK,
        now=f"{datetime.now(UTC):%H:%M:%S} UTC",
        static=static_root,
        year_min=YEAR_MIN,
        year_max=YEAR_MAX,
        rank_min=RANK_MIN,
        rank_max=RANK_MAX,
    )
