"""The published results of polls, as the log of polls has them."""

from voting.polls.book import Recorded
from voting.polls.event import Publish


class PublishedResults:
    """Keeps the result of each poll that is published: C2SP signed notes."""

    def __init__(self, public_key: str = "") -> None:
        """`public_key` is that of who signs them; empty if nobody has said it."""
        self.public_key = public_key
        self._notes: dict[str, bytes] = {}

    def take(self, _value: bytes, recorded: Recorded) -> None:
        """Take the next event of the log."""
        event = recorded.event
        if isinstance(event.change, Publish) and recorded.refusal is None:
            self._notes[event.poll] = event.change.note

    def note(self, poll: str) -> bytes | None:
        """Return the signed result of a poll; its first line is the document."""
        return self._notes.get(poll)
