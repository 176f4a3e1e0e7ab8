"""The votes that a comparison cast, as the vote log should have them."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from loadtest.driver.catalogue import Choice, vote_for
from loadtest.driver.samples import ROUTES, Samples, id_text
from loadtest.model.answer import Outcome
from loadtest.model.catalogue import Catalogue
from voting.client.sent_vote import SentVote

_CHUNK: Final = 1000

type CastVote = tuple[str, SentVote]
"""A vote as it was sent, with its id; its route is the one that answered."""


class CastVotes:
    """All votes of a comparison, those of the warm-ups too."""

    def __init__(self, catalogue: Catalogue, samples: Sequence[Samples]) -> None:
        self._catalogue = catalogue
        self._samples = samples

    def count(self, outcome: Outcome) -> int:
        """Return how many votes had this outcome."""
        return sum(int(np.count_nonzero(s["outcome"] == outcome)) for s in self._samples)

    def count_without_id(self, outcome: Outcome) -> int:
        """Return how many votes with this outcome have an unknown id."""
        known = sum(len(chunk) for chunk in self.chunks(outcome))
        return self.count(outcome) - known

    def chunks(self, outcome: Outcome) -> Iterator[list[CastVote]]:
        """Return the votes with this outcome and a known id, in chunks."""
        for samples in self._samples:
            of_outcome = samples[samples["outcome"] == outcome]
            for start in range(0, len(of_outcome), _CHUNK):
                yield list(self._cast(of_outcome[start : start + _CHUNK]))

    def repeated_ids(self) -> list[str]:
        """Return the id of each accepted vote whose id an earlier one already has."""
        if not self._samples:
            return []
        accepted = [s["id"][s["outcome"] == Outcome.ACCEPTED] for s in self._samples]
        ids, counts = np.unique(np.concatenate(accepted), return_counts=True)
        return [text for raw in ids.repeat(counts - 1) if (text := id_text(raw)) is not None]

    def _cast(self, samples: Samples) -> Iterator[CastVote]:
        for record in samples:
            vote_id = id_text(record["id"])
            if vote_id is not None:
                choice = Choice(int(record["album"]), int(record["rank"]))
                route = ROUTES[record["route"]]
                yield vote_id, vote_for(self._catalogue, choice, id=vote_id, route=route)
