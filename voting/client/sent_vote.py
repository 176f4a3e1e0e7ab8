"""A vote as a client sends it, and the request that casts it."""

from base64 import urlsafe_b64decode
from typing import Any, Self

import msgspec

from voting.domain.vote import Route, Vote, VoteContent, content_of


class SentVote(VoteContent, frozen=True, kw_only=True):
    """A vote as it is sent.

    `id` is None until the client or the service made one; `route` is the one that it is sent to
    or that answered, None when neither is known. `poll` and `entry` are empty in the open poll.
    `voter` is the token of its voter, where a poll has voters; then the id is not sent. `slot` says
    which of a voter's several votes it is.
    """

    id: str | None = None
    route: Route | None = None
    poll: str = ""
    entry: str = ""
    voter: str = ""
    slot: int | None = None

    @classmethod
    def of(cls, vote: Vote) -> Self:
        """Return what a client sent to cast `vote`."""
        return msgspec.convert(vote, cls, from_attributes=True)

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that casts this vote; without an id the service makes one.

        In a poll the entry stands for name, album and year.
        """
        document = msgspec.structs.asdict(self)
        del document["route"]
        for field in ("name", "album", "year") if self.poll else ("poll", "entry"):
            del document[field]
        if self.id is None or self.voter:
            del document["id"]
        if not self.voter:
            del document["voter"]
        if self.slot is None:
            del document["slot"]
        return document

    def is_logged_as(self, logged: Vote) -> bool:
        """Return whether a vote of the vote log is this one, unaltered."""
        same_poll = (self.poll, self.entry) == (logged.poll, logged.entry)
        return (
            content_of(logged) == content_of(self)
            and same_poll
            and self.route in {None, logged.route}
            and (not self.voter or _class_in(self.voter) == logged.voter_class)
        )


def _class_in(token: str) -> int:
    """Return the class in a voter's token: its third byte."""
    return urlsafe_b64decode(token[:4])[2]


def request_body(vote: SentVote) -> bytes:
    """Return the body of the request that casts a vote."""
    return msgspec.json.encode(vote.document)


def vote_request(host: str, vote: SentVote) -> bytes:
    """Return the HTTP request to `host` that casts a vote."""
    body = request_body(vote)
    head = (
        "POST /votes HTTP/1.1\r\n"
        f"host: {host}\r\n"
        "content-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
