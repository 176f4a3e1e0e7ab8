"""Whether a splitter kept its weights."""

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Final

from loadtest.findings import SplitTest
from voting.vote import Route

# One fair random split in a thousand fails by chance: rare enough for CI. At 10,000 requests a
# share that is 3 points off is caught 99 times of 100. A splitter that takes turns, as most do,
# varies less than chance and never fails.
ALPHA: Final = 0.001


def check_split(
    requests: Mapping[Route, int], weights: Mapping[Route, float], alpha: float = ALPHA
) -> SplitTest | None:
    """Return the test of the requests each route got against the weights; None without requests.

    Pearson's chi-square test with one degree of freedom, whose tail is
    P(chi-square > x) = erfc(sqrt(x / 2)).
    """
    total = sum(requests.values())
    if total == 0:
        return None
    expected = weights[Route.HTTP] / sum(weights.values())
    share = requests.get(Route.HTTP, 0) / total
    chi_square = total * (share - expected) ** 2 / (expected * (1 - expected))
    p_value = math.erfc(math.sqrt(chi_square / 2))
    low, high = wilson_interval(requests.get(Route.HTTP, 0), total, alpha)
    return SplitTest(
        requests=dict(requests),
        expected=expected,
        share=share,
        low=low,
        high=high,
        chi_square=chi_square,
        p_value=p_value,
        alpha=alpha,
        fair=p_value >= alpha,
    )


def wilson_interval(hits: int, total: int, alpha: float) -> tuple[float, float]:
    """Return the interval that holds the true share of hits with confidence 1 - `alpha`.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22 (1927): all shares that the chi-square test without
    continuity correction does not reject.
    """
    z = NormalDist().inv_cdf(1 - alpha / 2)
    share = hits / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return centre - half, centre + half
