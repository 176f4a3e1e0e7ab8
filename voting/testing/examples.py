"""An example vote for tests."""

from typing import Final

from voting.client.samples import sample_vote

VOTE: Final = sample_vote()
vote_with: Final = sample_vote
"""Return the example vote with these fields changed."""
