"""The address of a client: the peer's, or the one that a trusted proxy forwards."""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Annotated, Final

from msgspec import Meta

from voting.service.settings import wrong

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

TrustedProxies = Annotated[
    str, Meta(description="Networks of proxies whose X-Forwarded-For header is trusted.")
]

# Only the last entries of X-Forwarded-For are read: each is a hop through a trusted proxy.
HOPS_MAX: Final = 10
_ADDRESS_CHARACTERS_MAX: Final = 45  # an IPv6 address with an IPv4 one in it
# The prefix of one household or office (RFC 6177): its addresses count as one.
_IPV6_PREFIX: Final = 64


def read_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a comma-separated list; raise `ValueError` naming an invalid one."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def check_trusted_proxies(trusted_proxies: str) -> None:
    """Raise what `__post_init__` of settings must, unless these networks can be read."""
    try:
        read_networks(trusted_proxies)
    except ValueError as error:
        raise wrong("trusted_proxies", str(error)) from error


def client_address(peer: str, forwarded_for: Iterable[str], trusted: Sequence[Network]) -> str:
    """Return the address that a connection counts for, as `find_address` finds it.

    The addresses of one IPv6 /64 network count as one.
    """
    address = find_address(peer, forwarded_for, trusted)
    if address is None:
        return peer
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _IPV6_PREFIX), strict=False))
    return str(address)


def find_address(
    peer: str, forwarded_for: Iterable[str], trusted: Sequence[Network]
) -> Address | None:
    """Return the address of a client; None when the peer has none.

    It is the peer's, unless that is one of the `trusted` proxies: then it is the last address of
    the `X-Forwarded-For` headers that is not itself a trusted proxy's. Each proxy appends the
    address of its client, and anyone can forge what comes before.
    """
    address = _address(peer)
    if address is None:
        return None
    hops = ",".join(forwarded_for).rsplit(",", HOPS_MAX)[-HOPS_MAX:]
    while hops and _is_within(address, trusted):
        named = _address(hops.pop())
        if named is None:
            break
        address = named
    return address


def _address(text: str) -> Address | None:
    text = text.strip()
    if len(text) > _ADDRESS_CHARACTERS_MAX:
        return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A dual-stack socket reports an IPv4 peer this way.
    return getattr(address, "ipv4_mapped", None) or address


def _is_within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
