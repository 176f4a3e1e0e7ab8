"""A vote that a browser posts as a form, `application/x-www-form-urlencoded`.

So the page works without its script. The fields are those of the JSON body plus `lang`, the voter's
language, and `form`, a random UUID that the page gave this form. The vote's id is derived from that
UUID and the content: the same form sent again is the same vote, and a form changed after going back
is another one.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID, uuid4

import msgspec

from voting.domain.vote import InvalidVoteError, Route, Vote, clean_new_id, content_of, uuid8
from voting.http.problem import HttpAnswer, ProblemError
from voting.pages.browser_headers import BROWSER_HEADERS
from voting.pages.languages import Language, choose_language
from voting.polls.known_polls import KnownPolls
from voting.route.vote_api import invalid_vote_problem, read_json_vote
from voting.route.vote_form import PollVoteForm, VoteForm

FORM_TYPE: Final = "application/x-www-form-urlencoded"

# Two texts of 200 characters take up to 4,800 bytes when percent-encoded.
FORM_MAX: Final = 8192

_FORM_ONLY: Final = frozenset({"form", "lang"})
_FIELDS: Final = _FORM_ONLY | set(VoteForm.__struct_fields__) | set(PollVoteForm.__struct_fields__)


def is_form(content_type: str | None) -> bool:
    """Whether a request's `Content-Type` header announces a form."""
    return (content_type or "").partition(";")[0].strip().lower() == FORM_TYPE


def check_sender(headers: Mapping[str, str]) -> None:
    """Raise `ProblemError` (403) for a form that a browser sent from another site's page.

    Such a page could vote in the name of all its visitors. Old browsers, and pages without TLS,
    send no `Sec-Fetch-Site`; then `Origin` must match the request's host. A client that sends
    neither is not a browser, so no visitor can be tricked.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        own = site.strip().lower() in {"same-origin", "none"}
    else:
        origin = headers.get("origin")
        own = origin is None or _host_of(origin) == (headers.get("host") or "").lower()
    if not own:
        raise ProblemError(HTTPStatus.FORBIDDEN, "the form was sent from another site")


def _host_of(origin: str) -> str | None:
    """Return host and port of an `Origin` header, or None if it has none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def read_fields(body: bytes) -> dict[str, str]:
    """Return the fields of a form; add a new `form` UUID if it has neither `form` nor `id`.

    Raises `ProblemError` for a body that is not a form or has unknown or repeated fields.
    """
    if len(body) > FORM_MAX:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body exceeds {FORM_MAX} bytes"
        )
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=len(_FIELDS),
        )
    except ValueError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"the body must be {FORM_TYPE}") from error
    fields = dict(pairs)
    if len(fields) < len(pairs) or not fields.keys() <= _FIELDS:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "the form must contain each field of a vote exactly once",
        )
    if not fields.get("id"):
        fields.pop("id", None)
        fields.setdefault("form", str(uuid4()))
    return fields


def read_form_vote(
    fields: Mapping[str, str], route: Route, new_id: Callable[[], str], polls: KnownPolls
) -> Vote:
    """Return the vote in a form's fields; raise `ProblemError` if it breaks a rule."""
    content = {name: text for name, text in fields.items() if name not in _FORM_ONLY}
    vote = read_json_vote(msgspec.json.encode(content), None, route, new_id, polls)
    if "id" in fields or polls.has_voters(vote.poll):
        return vote
    try:
        form = clean_new_id(fields["form"])
    except InvalidVoteError as error:
        raise invalid_vote_problem(InvalidVoteError("form", error.reason)) from error
    return msgspec.structs.replace(vote, id=_id_of(form, vote))


def language_of(fields: Mapping[str, str], accept_language: str | None) -> Language:
    """Return the form's language, else the browser's preferred one."""
    return choose_language(accept_language, fields.get("lang"))


def redirect_to_page(vote: Vote, language: Language) -> HttpAnswer:
    """Return the redirect to the page that confirms the vote.

    With 303, reloading that page does not send the form again.
    """
    page = f"/p/{vote.poll}" if vote.poll else "/"
    where = page + "?" + urlencode({"voted": vote.id, "lang": language}) + "#vote"
    headers = {**BROWSER_HEADERS, "cache-control": "no-store", "location": where}
    return HttpAnswer(HTTPStatus.SEE_OTHER, b"", "text/html; charset=utf-8", headers)


def _id_of(form: str, vote: Vote) -> str:
    """Return the id of a form's vote: a UUIDv8 (RFC 9562), keyed with the UUID `form`."""
    content = (*content_of(vote), vote.poll) if vote.poll else content_of(vote)
    filled_in = msgspec.json.encode(content)
    return uuid8(blake2b(filled_in, key=UUID(form).bytes, digest_size=16).digest())
