from ipaddress import ip_address

from svc_voters.ways.address_limit import PREFIXES_MAX, AddressLimit, prefix_of

HALL = prefix_of(ip_address("192.0.2.7"))


class Clock:
    """A clock that a test sets."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_network_may_ask_so_often_at_once_and_then_at_its_rate() -> None:
    clock = Clock()
    limit = AddressLimit(2.0, 3, clock)
    assert [limit.take(HALL) for _ in range(4)] == [0, 0, 0, 0.5]
    clock.now += 0.5
    assert [limit.take(HALL) for _ in range(2)] == [0, 0.5]
    clock.now += 60
    assert [limit.take(HALL) for _ in range(4)] == [0, 0, 0, 0.5]


def test_a_refused_request_does_not_count() -> None:
    clock = Clock()
    limit = AddressLimit(1.0, 1, clock)
    assert [limit.take(HALL) for _ in range(100)] == [0, *[1.0] * 99]
    clock.now += 1
    assert limit.take(HALL) == 0


def test_the_addresses_of_a_network_count_together() -> None:
    for one, other, same in (
        ("192.0.2.0", "192.0.2.255", True),
        ("192.0.2.255", "192.0.3.0", False),
        ("2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1::", "2001:db8:2::", False),
        ("0.0.0.1", "::1", False),
    ):
        assert (prefix_of(ip_address(one)) == prefix_of(ip_address(other))) == same
    assert prefix_of(None) == prefix_of(None)


def test_networks_do_not_share_a_bucket() -> None:
    limit = AddressLimit(1.0, 1, Clock())
    assert limit.take(HALL) == 0
    assert limit.take((4, 1)) == 0
    assert limit.take(HALL) > 0


def test_at_the_bound_the_network_that_asked_longest_ago_is_forgotten() -> None:
    limit = AddressLimit(1.0, 2, Clock(), prefixes_max=2)
    for prefix in ((4, 1), (4, 2), (4, 1)):
        assert limit.take(prefix) == 0
    assert limit.take((4, 3)) == 0  # (4, 2) is forgotten
    assert len(limit) == 2
    assert limit.take((4, 1)) > 0


def test_a_million_networks_take_bounded_memory() -> None:
    limit = AddressLimit(1.0, 1, Clock())
    for number in range(1_000_000):
        limit.take((6, number))
    assert len(limit) == PREFIXES_MAX


def test_a_million_tries_of_one_network_hold_to_the_limit() -> None:
    clock = Clock()
    limit = AddressLimit(1.0, 100, clock)
    passed = 0
    for _ in range(1_000_000):
        clock.now += 0.001
        passed += limit.take(HALL) == 0
    assert 1_099 <= passed <= 1_101
    assert len(limit) == 1
