"""How often the clients of one network may ask: a bucket for each, in bounded memory."""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final

from voting.http.client_address import Address

PREFIXES_MAX: Final = 100_000

# What one owner usually has at most: an office, a hall, a household with several networks.
_IPV4_REST_BITS: Final = 32 - 24
_IPV6_REST_BITS: Final = 128 - 48

# Sums of many steps are not exact.
_ROUNDING_SECONDS: Final = 1e-6

type Prefix = tuple[int, int]
"""Version of the protocol, and the first bits of its addresses: 24 of IPv4, 48 of IPv6."""


def prefix_of(address: Address | None) -> Prefix:
    """Return what an address counts for; clients without one count together."""
    if address is None:
        return 0, 0
    rest = _IPV4_REST_BITS if isinstance(address, IPv4Address) else _IPV6_REST_BITS
    return address.version, int(address) >> rest


class AddressLimit:
    """Lets each prefix do something `burst` times at once, and `rate` times a second for good.

    At `prefixes_max` the one that has asked for nothing for longest is forgotten.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        clock: Callable[[], float],
        prefixes_max: int = PREFIXES_MAX,
    ) -> None:
        """`clock` is monotonic time in seconds."""
        self._step = 1 / rate
        self._slack = (burst - 1) * self._step
        self._clock = clock
        self._prefixes_max = prefixes_max
        # When the bucket of each prefix is full again; the one that asked last is at the end.
        self._full_at: OrderedDict[Prefix, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, prefix: Prefix) -> float:
        """Count one more if it may, and return 0, else how long it must wait."""
        now = self._clock()
        full_at = max(self._full_at.get(prefix, 0.0), now)
        wait = full_at - self._slack - now
        if wait > _ROUNDING_SECONDS:
            return wait
        self._full_at[prefix] = full_at + self._step
        self._full_at.move_to_end(prefix)
        if len(self._full_at) > self._prefixes_max:
            self._full_at.popitem(last=False)
        return 0.0
