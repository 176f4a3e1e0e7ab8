import pytest
from hypothesis import given
from hypothesis import strategies as st

from voting.http.client_address import HOPS_MAX, client_address, read_networks

ENTRY = read_networks("10.0.0.0/8, 127.0.0.1/32, fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),  # the peer is not trusted
        ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", [""], "10.1.2.3"),
        ("10.1.2.3", ["203.0.113.9, 198.51.100.1"], "198.51.100.1"),  # the first may be forged
        ("10.1.2.3", ["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["198.51.100.1, 10.9.9.9"], "198.51.100.1"),  # two proxies of ours
        ("10.1.2.3", ["10.7.7.7"], "10.7.7.7"),  # a client inside our networks
        ("10.1.2.3", ["198.51.100.1, nonsense"], "10.1.2.3"),
        ("10.1.2.3", ["198.51.100.1, " + "9" * 10_000], "10.1.2.3"),
        ("10.1.2.3", ["198.51.100.1" + ", 10.0.0.1" * HOPS_MAX], "10.0.0.1"),
        ("::ffff:10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("::ffff:192.0.2.7", [], "192.0.2.7"),
        ("fd00::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", [], "2001:db8:1:2::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("", ["198.51.100.1"], ""),  # a Unix socket
    ],
)
def test_a_connection_counts_for_the_address_that_a_trusted_proxy_forwards(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert client_address(peer, forwarded, ENTRY) == client


def test_without_trusted_proxies_forwarded_addresses_are_ignored() -> None:
    assert client_address("127.0.0.1", ["198.51.100.1"], ()) == "127.0.0.1"
    assert read_networks("") == ()


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "entry", "10.0.0.0/8;::1"])
def test_a_wrong_network_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_networks(text)


@given(st.lists(st.text("0123456789abcdef.:,% x")))
def test_any_header_gives_an_address(forwarded: list[str]) -> None:
    assert len(client_address("127.0.0.1", forwarded, ENTRY)) <= 50
