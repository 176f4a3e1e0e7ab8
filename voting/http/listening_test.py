import socket

import pytest

from voting.http.listening import listen


def reaches(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "over_ipv4", "over_ipv6"),
    [("::", True, True), ("::1", False, True), ("127.0.0.1", True, False)],
)
def test_an_address_is_reached_over_its_families(
    host: str, over_ipv4: bool, over_ipv6: bool
) -> None:
    with listen("svc_example", host, 0) as server:
        port = server.getsockname()[1]
        assert reaches("127.0.0.1", port) == over_ipv4
        assert reaches("::1", port) == over_ipv6


def test_without_ipv6_every_address_means_every_ipv4_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("socket.has_dualstack_ipv6", lambda: False)
    with listen("svc_example", "::", 0) as server:
        assert server.family == socket.AF_INET
        assert reaches("127.0.0.1", server.getsockname()[1])


@pytest.mark.parametrize("host", ["::", "127.0.0.1"])
def test_a_port_in_use_ends_the_process_with_1(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with listen("svc_example", host, 0) as server:
        port = server.getsockname()[1]
        with pytest.raises(SystemExit, match=f"svc_example: cannot listen on {host}:{port}: "):
            listen("svc_example", host, port)
