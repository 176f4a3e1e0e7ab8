"""Kafka's settings on one machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from harness.processes.ports import HOST


class ProxyLink(NamedTuple):
    """A listener behind a proxy: its clients connect to `proxy_port`, not to the node's own."""

    name: str  # in capitals
    port: int
    proxy_port: int


class Node(NamedTuple):
    """A node's number in its cluster and where it listens."""

    id: int
    port: int
    controller_port: int
    links: tuple[ProxyLink, ...] = ()


def server_properties(node: Node, cluster: Sequence[Node], data: Path) -> str:
    """Return the settings file of a node; `data` takes its log."""
    replicas = min(3, len(cluster))
    clients = {"PLAINTEXT": node.port} | {link.name: link.port for link in node.links}
    advertised = {"PLAINTEXT": node.port} | {link.name: link.proxy_port for link in node.links}
    return _SERVER_PROPERTIES.format(
        node=node,
        voters=",".join(f"{n.id}@{HOST}:{n.controller_port}" for n in cluster),
        listeners=_listeners({**clients, "CONTROLLER": node.controller_port}),
        advertised=_listeners(advertised),
        protocols=",".join(f"{name}:PLAINTEXT" for name in (*clients, "CONTROLLER")),
        data=data,
        replicas=replicas,
        in_sync=in_sync_replicas(replicas),
    )


def in_sync_replicas(replicas: int) -> int:
    """Return how many replicas must have a record before it is acknowledged: a majority."""
    return replicas // 2 + 1


def _listeners(ports: dict[str, int]) -> str:
    return ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())


_SERVER_PROPERTIES: Final = """\
process.roles=broker,controller
node.id={node.id}
controller.quorum.voters={voters}
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map={protocols}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
num.partitions=6
# The ledger never shrinks.
log.retention.ms=-1
# The internal topics have a replica on each node, too.
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=3
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
# A lone consumer gets its partitions at once.
group.initial.rebalance.delay.ms=0
# A killed node may register again once its old session is over (by default 9 s).
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# A cluster that lost its active controller elects another one soon (by default after 2 s).
controller.quorum.fetch.timeout.ms=1000
controller.quorum.election.timeout.ms=500
controller.quorum.election.backoff.max.ms=500
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
"""

LOG4J_PROPERTIES: Final = """\
status = warn
appender.stdout.type = Console
appender.stdout.name = STDOUT
appender.stdout.layout.type = PatternLayout
appender.stdout.layout.pattern = [%d] %p %m (%c)%n
rootLogger.level = WARN
rootLogger.appenderRef.stdout.ref = STDOUT
logger.server.name = kafka.server
logger.server.level = INFO
"""
