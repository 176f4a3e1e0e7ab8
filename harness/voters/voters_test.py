"""Which answers let a client send its vote again."""

import pytest

from harness.voters.http_client import NO_ANSWER, ClientAnswer
from harness.voters.voters import may_be_sent_again


@pytest.mark.parametrize(
    ("status", "content_type", "expected"),
    [
        (202, "application/json", False),
        (422, "application/problem+json", False),
        (429, "text/plain", True),
        (500, "application/problem+json", False),  # a fault of a service
        (500, "text/plain; charset=utf-8", True),  # the entry's, in a service's place
        (502, "text/plain; charset=utf-8", True),
        (503, "application/problem+json", True),
        (NO_ANSWER, "", True),
    ],
)
def test_a_vote_may_be_sent_again(status: int, content_type: str, expected: bool) -> None:
    answer = ClientAnswer(status, "", {"content-type": content_type}, b"")
    assert may_be_sent_again(answer) is expected
