"""The page for a refused form, where a poll needs voters' tokens."""

from http import HTTPStatus

import pytest

from voting.http.problem import ProblemError
from voting.pages.form_page import refusal_page
from voting.pages.languages import Language
from voting.voters.ballots import VoterProblem

FIELDS = {"poll": "gala", "entry": "moon", "rank": "1", "voter": "SECRET", "slot": "2"}


def page(status: HTTPStatus, kind: str | None, language: Language = "en") -> str:
    problem = ProblemError(
        status, "for programs", kind=kind, voted_at="2026-11-29T20:15:30.000Z", field="voter"
    )
    return refusal_page(problem, FIELDS, language).body.decode()


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (HTTPStatus.UNAUTHORIZED, VoterProblem.MISSING, "the link or the code on your ticket"),
        (HTTPStatus.UNAUTHORIZED, VoterProblem.INVALID, "This ticket is not valid."),
        (HTTPStatus.FORBIDDEN, VoterProblem.OTHER_POLLS, "This ticket is for other polls."),
        (
            HTTPStatus.CONFLICT,
            VoterProblem.VOTED_BEFORE,
            "at 20:15 UTC; the first vote counts",
        ),
        (HTTPStatus.FORBIDDEN, None, "sent from another site"),
    ],
)
def test_a_refusal_for_good_is_explained_and_shows_no_token(
    status: HTTPStatus, kind: str | None, said: str
) -> None:
    text = page(status, kind)
    assert said in text
    assert "SECRET" not in text
    assert "<form" not in text


def test_who_has_voted_before_is_not_told_that_no_vote_was_accepted() -> None:
    text = page(HTTPStatus.CONFLICT, VoterProblem.VOTED_BEFORE, "es")
    assert "<h1>Ya has votado</h1>" in text
    assert "a las 20:15 UTC" in text


def test_a_vote_that_may_be_sent_again_keeps_its_voter_and_slot() -> None:
    text = page(HTTPStatus.SERVICE_UNAVAILABLE, None)
    assert '<input type="hidden" name="voter" value="SECRET">' in text
    assert '<input type="hidden" name="slot" value="2">' in text
