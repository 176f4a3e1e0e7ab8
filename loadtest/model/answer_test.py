import pytest

from loadtest.model.answer import Outcome, no_answer, read_answer
from voting.domain.headers import ROUTE_HEADER
from voting.domain.vote import Route

ID = "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"


def test_202_with_an_id_is_accepted() -> None:
    answer = read_answer(202, {ROUTE_HEADER: "grpc"}, b'{"id": "%b"}' % ID.encode())
    assert (answer.outcome, answer.kind, answer.route) == (Outcome.ACCEPTED, "", Route.GRPC)
    assert str(answer.id) == ID


@pytest.mark.parametrize("body", [b"", b"{}", b'{"id": 7}', b'{"id": "x"}', b"[]"])
def test_202_without_an_id_leaves_the_vote_unknown(body: bytes) -> None:
    answer = read_answer(202, {ROUTE_HEADER: "http"}, body)
    assert (answer.outcome, answer.kind) == (Outcome.UNKNOWN, "202 without an id")


def test_503_leaves_the_vote_unknown_and_gives_its_id() -> None:
    body = b'{"title": "Service Unavailable", "id": "%b"}' % ID.encode()
    answer = read_answer(503, {ROUTE_HEADER: "http"}, body)
    assert (answer.outcome, answer.kind) == (Outcome.UNKNOWN, "503 Service Unavailable")
    assert str(answer.id) == ID


@pytest.mark.parametrize("status", [400, 413, 415, 422, 429])
def test_4xx_refuses_the_vote(status: int) -> None:
    assert read_answer(status, {}, b'{"title": "No"}').kind == f"{status} No"
    assert read_answer(status, {}, b"").outcome is Outcome.REFUSED


def test_an_error_page_of_a_proxy_is_named_by_its_status() -> None:
    answer = read_answer(502, {}, b"<html>Bad Gateway</html>")
    assert (answer.outcome, answer.kind) == (Outcome.UNKNOWN, "502 Bad Gateway")
    assert answer.route is None


def test_an_unknown_status_or_route_breaks_nothing() -> None:
    answer = read_answer(599, {ROUTE_HEADER: "carrier pigeon"}, b"")
    assert (answer.kind, answer.route) == ("599", None)


def test_without_an_answer_the_vote_is_unknown() -> None:
    assert no_answer(TimeoutError()).kind == "timed out"
    answer = no_answer(ConnectionRefusedError())
    assert (answer.outcome, answer.kind) == (Outcome.UNKNOWN, "ConnectionRefusedError")
