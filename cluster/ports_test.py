import socket

import pytest

from cluster.common.errors import ClusterError
from cluster.ports import Listening, answers


def test_port_0_becomes_a_free_port() -> None:
    with Listening({"api": 0, "entry": 0}) as listening:
        socket.create_connection(("127.0.0.1", listening.ports["entry"])).close()
        assert listening.ports["api"] != listening.ports["entry"]


def test_a_port_in_use_is_named_with_the_option_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ClusterError, match=rf"port {port} \(api\) .* --port-api"):
            Listening({"api": port})


def test_a_port_where_nobody_listens_answers_nothing() -> None:
    with Listening({"entry": 0}) as listening:
        port = listening.ports["entry"]
    assert not answers(port, "/", 200)
