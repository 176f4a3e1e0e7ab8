"""Publishes the result of a poll, and says how far it is."""

import time
from collections.abc import Iterator
from typing import Final

from svc_polls.command.client import PollsClient, RefusedError
from svc_polls.publishing.publisher import Publication, Stage

_PAUSE_SECONDS: Final = 0.5


def publish(client: PollsClient, poll: str) -> Iterator[str]:
    """Yield a line whenever it is further, until the result stands; raises `RefusedError`."""
    said, publication = "", client.publish(poll)
    while publication.stage is not Stage.PUBLISHED:
        if publication.stage is Stage.FAILED:
            raise RefusedError(f"{poll}: the result is not published: {publication.reason}")
        if publication.stage is Stage.NOT_BEGUN:  # another instance answers, or a new one
            publication = client.publish(poll)
            continue
        if (line := publication_line(poll, publication)) != said:
            yield (said := line)
        time.sleep(_PAUSE_SECONDS)
        publication = client.publication(poll)
    yield publication_line(poll, publication)


def publication_line(poll: str, publication: Publication) -> str:
    """Return one line about how far the publication of a result is."""
    match publication.stage:
        case Stage.COUNTING:
            return f"{poll}: read {publication.records} of {publication.all_records} records"
        case Stage.COMPARING:
            return f"{poll}: compares the count with the vote log and the tally"
        case Stage.PUBLISHED:
            return f"{poll}: the signed result is published"
        case stage:
            return f"{poll}: {stage}"
