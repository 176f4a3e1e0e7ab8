"""The page that answers a refused form: what is wrong, and the form to correct and send again."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from http import HTTPStatus
from typing import Final

from voting.domain.vote import (
    CONTENT_FIELDS,
    RANK_MAX,
    RANK_MIN,
    TEXT_MAX,
    TOO_MANY_ALBUMS,
    YEAR_MAX,
    YEAR_MIN,
    is_slug,
)
from voting.http.problem import HttpAnswer, ProblemError
from voting.pages.browser_headers import BROWSER_HEADERS
from voting.pages.form_words import FORM_WORDS
from voting.pages.languages import Language
from voting.polls.known_polls import NO_SUCH_ENTRY, RefusalKind
from voting.voters.ballots import VoterProblem

_STYLE: Final = """
:root { color-scheme: light dark; --page: #f5f5f2; --ink: #17171a; --soft: #5b5b64;
  --field: #fff; --edge: #85858f; --wrong: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --page: #0d0d0f; --ink: #f4f4f1; --soft: #a8a8b2;
  --field: #18181b; --edge: #74747e; --wrong: #ff8a80; } }
*, ::before, ::after { box-sizing: border-box; }
body { max-width: 30rem; margin: 0 auto; padding: 2rem 1rem 3rem; background: var(--page);
  color: var(--ink); font: 1.05rem/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  overflow-wrap: break-word; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.2; }
p { margin: 0 0 1rem; }
label { display: block; margin-bottom: .3rem; color: var(--soft); font-size: .9rem; }
input { width: 100%; min-height: 2.75rem; padding: .4rem .65rem; border: 1px solid var(--edge);
  border-radius: 3px; background: var(--field); color: inherit; font: inherit; }
input[aria-invalid] { border-color: var(--wrong); box-shadow: inset 0 0 0 1px var(--wrong); }
.error { display: block; margin-top: .3rem; color: var(--wrong); }
button { width: 100%; min-height: 3rem; border: 0; border-radius: 3px; background: var(--ink);
  color: var(--page); font: inherit; font-weight: 700; cursor: pointer; }
a { color: inherit; }
:focus { outline: 3px solid #4a86e8; outline-offset: 1px; }
"""
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()

_HEADERS: Final[Mapping[str, str]] = {
    **BROWSER_HEADERS,
    "cache-control": "no-store",
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
}

_TEXT: Final = f'required maxlength="{TEXT_MAX}" dir="auto"'
_NUMBERS: Final = {
    "year": f'required type="number" inputmode="numeric" min="{YEAR_MIN}" max="{YEAR_MAX}"',
    "rank": f'required type="number" inputmode="numeric" min="{RANK_MIN}" max="{RANK_MAX}"',
}
_INPUTS: Final = {field: _NUMBERS.get(field, _TEXT) for field in CONTENT_FIELDS}
_LABELS: Final = {"rank": "rank_scale"}  # of fields whose label is not named as they are
_HIDDEN: Final = ("form", "id", "lang")
_HIDDEN_IN_POLL: Final = (*_HIDDEN, "poll", "entry", "voter", "slot", *CONTENT_FIELDS)
_POLL_TEXTS: Final[Mapping[str | None, str]] = {
    RefusalKind.NOT_OPEN: "poll_not_open",
    RefusalKind.CLOSED: "poll_closed",
    RefusalKind.NO_SUCH_POLL: "poll_gone",
    NO_SUCH_ENTRY: "poll_gone",
    VoterProblem.MISSING: "voter_missing",
    VoterProblem.INVALID: "voter_invalid",
    VoterProblem.OTHER_POLLS: "voter_of_other_polls",
    VoterProblem.REVOKED: "voter_revoked",
    VoterProblem.VOTED_BEFORE: "voted_at",
}


def refusal_page(
    problem: ProblemError, fields: Mapping[str, str], language: Language
) -> HttpAnswer:
    """Return the page for a form with these fields that was refused with this problem.

    It explains the problem in the voter's language, keeps what was filled in, and sends it again
    as the same vote. A form sent from another site is not shown again.
    """
    words = FORM_WORDS[language]
    status = problem.problem.status
    field = problem.problem.field
    poll = fields.get("poll", "")
    may_be_mended = status == HTTPStatus.UNPROCESSABLE_ENTITY and field in _INPUTS and not poll
    wrong = field if may_be_mended else None
    if problem.problem.type == TOO_MANY_ALBUMS:
        wrong = None
        title, text, button = words["not_counted"], words["too_many_albums"], words["cast"]
    elif wrong:
        title, text, button = words["not_counted"], words["correct_it"], words["cast"]
    elif is_inconclusive(status):
        busy = status == HTTPStatus.TOO_MANY_REQUESTS
        title, button = words["not_yet"], words["cast_again"]
        text = words["busy" if busy else "unavailable"]
    else:
        before = problem.problem.type == VoterProblem.VOTED_BEFORE
        title, button = words["voted_before" if before else "not_counted"], ""
        other = "foreign" if status == HTTPStatus.FORBIDDEN else "refused"
        text = words[_POLL_TEXTS.get(problem.problem.type, other)]
        text = text.replace("{time}", (problem.problem.voted_at or "")[11:16])
    form = _form(fields, words, button, wrong) if button else ""
    page_path = f"/p/{poll}" if is_slug(poll) else "/"
    page = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{title}</h1>\n<p role="alert">{text}</p>\n{form}'
        f'<p><a href="{page_path}?lang={language}">{words["to_the_page"]}</a></p>\n'
        "</main>\n</body>\n</html>\n"
    )
    headers = {**problem.headers, **_HEADERS, "content-language": language}
    return HttpAnswer(status, page.encode(), "text/html; charset=utf-8", headers)


def is_inconclusive(status: int) -> bool:
    """Whether this status leaves open whether the vote counts, so that it should be resent."""
    again = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return status in again or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _form(
    fields: Mapping[str, str], words: Mapping[str, str], button: str, wrong: str | None
) -> str:
    names, inputs = (_HIDDEN_IN_POLL, ()) if "poll" in fields else (_HIDDEN, _INPUTS)
    hidden = [
        f'<input type="hidden" name="{name}" value="{escape(fields[name])}">\n'
        for name in names
        if name in fields
    ]
    shown = [_input(name, fields.get(name, ""), words, wrong=name == wrong) for name in inputs]
    return (
        f'<form method="post" action="/votes" autocomplete="off">\n{"".join(hidden)}'
        f'{"".join(shown)}<p><button type="submit">{button}</button></p>\n</form>\n'
    )


def _input(name: str, value: str, words: Mapping[str, str], *, wrong: bool) -> str:
    more = ' aria-invalid="true" aria-describedby="error" autofocus' if wrong else ""
    error = f'<span class="error" id="error">{words[f"wrong_{name}"]}</span>' if wrong else ""
    return (
        f'<p><label for="{name}">{words[_LABELS.get(name, name)]}</label>'
        f'<input id="{name}" name="{name}" value="{escape(value)}" {_INPUTS[name]}{more}>'
        f"{error}</p>\n"
    )
