"""The one builder of the whole system: servers and services as processes of this machine."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness.processes.ports import HOST, Ports, free_port, free_ports
from harness.processes.server import Server, start_together, stop_together
from harness.servers.collector import Collector
from harness.servers.kafka_server import TOPICS, KafkaServer
from harness.servers.mongodb_server import MongodbServer
from harness.servers.redis_server import RedisServer
from harness.servers.services import Service, wiring
from harness.servers.traefik_server import TraefikServer
from svc_polls.tokens import Organiser, Role, hash_of, new_token
from tools.services.roster import SERVICES, UNARY_CLIENT
from voting.signing.keys import SigningKey
from voting.voters.keys import new_key, read_keys
from voting.voters.token import make_token, new_nonce

VOTER_KEY: Final = 1
"""The number of the one master key of a system on one machine."""

UNARY_CALLS: Final = {"CALLS_PER_CONNECTION": "1000"}
"""What svc_grpc_server needs beside svc_grpc_unary, which has a call for each vote in flight."""

ORGANISER: Final = "organiser"
"""An organiser of a system on one machine, who has every role."""
COLLEAGUE: Final = "colleague"
"""Another one, for what takes two people."""

SIGNER: Final = "localhost"
"""The name of the key that signs results and checkpoints on one machine."""

_ENTRY: Final = {
    "grpc": "svc_grpc_client",
    "http": "svc_http_route",
    "results": "svc_results",
    "voters": "svc_voters",
    "notary": "svc_notary",
}
"""The services behind the entry, by its names for them."""


class System:
    """Kafka, Redis, the server of MongoDB's protocol, our services, and the entry.

    `services` has each service by name; further instances are svc_consumer-2 and so on. With
    `organiser_token` polls can be made and changed at svc_polls; `colleague_token` is that of a
    second organiser. Tokens of voters are made under
    key 1 of `voter_keys`, which the services get by `voter_key_setting`. Results are signed with
    `signing_key`.
    """

    def __init__(
        self,
        folder: Path,
        ports: Ports | None = None,
        *,
        nodes: Sequence[KafkaServer] = (),
        kafka_addresses: Mapping[str, str] | None = None,
        shares_kafka: bool = False,
        topics: Mapping[str, int] = TOPICS,
        instances: Mapping[str, int] | None = None,
        has_entry: bool = True,
        votes_per_second: int | None = None,
        settings: Mapping[str, str] | None = None,
        has_unary: bool = False,
        source: Path | None = None,
        collector: Collector | None = None,
    ) -> None:
        """Set up the servers on `ports`, or else on free ones; nothing starts yet.

        `nodes` are Kafka's, instead of one on `ports`; with `shares_kafka` the caller starts and
        stops them. Services listed in `kafka_addresses` reach Kafka there. `topics` are created
        with these numbers of partitions, instead of the usual ones. `instances` says how many there
        are of services of which there is more than one. `votes_per_second` is the most
        that the entry accepts from one client address. `settings` go to every service; `source`
        is another checkout that all of them run from. `has_unary` adds svc_grpc_unary. Services
        and entry send their traces to the `collector`.
        """
        self.folder = folder
        self.ports = ports or free_ports()
        self.has_entry = has_entry
        self.nodes = list(nodes) or [
            KafkaServer(self.ports["kafka"], self.ports["kafka-controller"], folder)
        ]
        self.redis = RedisServer("redis", self.ports["redis"], folder)
        self.mongodb = MongodbServer("mongodb", self.ports["mongodb"], folder)
        self._shares_kafka = shares_kafka
        self._kafka_addresses = kafka_addresses or {}
        self._topics = topics
        self._settings = {**(collector.settings if collector else {}), **(settings or {})}
        self._has_unary = has_unary
        self._source = source
        self.organiser_token, self.colleague_token = new_token(), new_token()
        self.voter_key_setting = {"VOTER_KEYS": new_key(VOTER_KEY)}
        self.voter_keys = read_keys(self.voter_key_setting["VOTER_KEYS"])
        self.signing_key = SigningKey.new(SIGNER)
        self.services = {service.name: service for service in self._services(instances or {})}
        backends = {part: f"http://{HOST}:{self.ports[name]}" for part, name in _ENTRY.items()}
        if has_unary:
            backends["grpc-unary"] = self.services[UNARY_CLIENT].url
        self.entry = TraefikServer(
            self.ports["entry"],
            self.ports["entry-metrics"],
            folder,
            backends,
            votes_per_second,
            collector,
        )

    @property
    def kafka(self) -> KafkaServer:
        """Kafka's first node, usually the only one."""
        return self.nodes[0]

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of Kafka's nodes."""
        return ",".join(node.address for node in self.nodes)

    @property
    def consumers(self) -> list[Service]:
        """All consumers; they are of one group."""
        return self._instances("svc_consumer")

    @property
    def poll_services(self) -> list[Service]:
        """All instances of svc_polls."""
        return self._instances("svc_polls")

    def voter_token(self, scope: str, voter_class: int = 0) -> str:
        """Return the token of a new voter of a class in the polls of a scope."""
        tag_key = self.voter_keys.scope_keys(VOTER_KEY, scope).tag_key
        return make_token(
            tag_key, scope, new_nonce(), key_number=VOTER_KEY, class_number=voter_class
        )

    def _instances(self, program: str) -> list[Service]:
        return [service for service in self.services.values() if service.program == program]

    @property
    def stores(self) -> list[Server]:
        """What the services need before they start."""
        return [self.redis, self.mongodb, *([] if self._shares_kafka else self.nodes)]

    @property
    def servers(self) -> list[Server]:
        """Everything, in the order in which it starts."""
        entry = [self.entry] if self.has_entry else []
        return [*self.stores, *self.services.values(), *entry]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run everything while the context lasts."""
        try:
            self.start()
            yield
        finally:
            self.stop()

    def start(self) -> None:
        """Start everything and return when all answer. Raises ServerError as a server does."""
        self.start_stores()
        start_together(list(self.services.values()))
        if self.has_entry:
            self.entry.start()  # last: both routes are up from its first request on

    def start_stores(self) -> None:
        """Start what the services need, with all topics."""
        start_together(self.stores)
        self.kafka.create_topics(self._topics)

    def stop(self) -> None:
        """End everything, paused servers too."""
        stop_together(list(self.services.values()))  # first: they can still write what they hold
        stop_together([self.entry, *self.stores])

    def check_running(self) -> None:
        """Raise ServerError when a server has ended."""
        for server in self.servers:
            server.check_running()

    def _services(self, instances: Mapping[str, int]) -> Iterator[Service]:
        for name in SERVICES:
            if self._source is not None and not (self._source / name).is_dir():
                continue  # an older version that lacks it
            yield self._service(name, self.ports[name], grpc_port=self.ports.get(f"{name}-grpc"))
            for number in range(2, instances.get(name, 1) + 1):
                yield self._service(f"{name}-{number}", free_port(), program=name)
        if self._has_unary:
            port, program = self.ports[UNARY_CLIENT], "svc_grpc_client"
            yield self._service(UNARY_CLIENT, port, program=program, own={"GRPC_CALLS": "unary"})

    def _service(
        self,
        name: str,
        port: int,
        *,
        program: str | None = None,
        grpc_port: int | None = None,
        own: Mapping[str, str] | None = None,
    ) -> Service:
        addresses = {
            "kafka": self._kafka_addresses.get(name, self.bootstrap_servers),
            "redis": self.redis.url,
            "redis-reader": self.redis.reader_url,
            "mongodb": self.mongodb.url,
        }
        given = {**self._own_settings(program or name), **(own or {}), **self._settings}
        environment = wiring(program or name, addresses.__getitem__, given)
        return Service(name, port, self.folder, environment, grpc_port, program, self._source)

    def _own_settings(self, service: str) -> dict[str, str]:
        """Return the settings that a service needs besides its servers in the roster."""
        if service == "svc_grpc_client":
            target = f"dns:///{HOST}:{self.ports['svc_grpc_server-grpc']}"
            return {"GRPC_TARGET": target, **self.voter_key_setting}
        if service == "svc_grpc_server":
            return UNARY_CALLS if self._has_unary else {}
        if service == "svc_http_route":
            return self.voter_key_setting
        proxies = {"TRUSTED_PROXIES": f"{HOST}/32"} if self.has_entry else {}
        if service == "svc_results":
            return {"PUBLIC_KEY": str(self.signing_key.verifier), **proxies}
        if service == "svc_notary":
            return {"SIGNING_KEY": self.signing_key.text}
        if service == "svc_voters":
            return {**self.voter_key_setting, **proxies}
        if service == "svc_polls":
            organisers = (
                Organiser(name, frozenset(Role), hash_of(token)).line
                for name, token in (
                    (ORGANISER, self.organiser_token),
                    (COLLEAGUE, self.colleague_token),
                )
            )
            others = [name for name in SERVICES if name != service]
            watched = (f"{name}=http://{HOST}:{self.ports[name]}" for name in others)
            return {
                "ORGANISER_TOKENS": ",".join(organisers),
                "WATCHED_SERVICES": ",".join(watched),
                "SIGNING_KEY": self.signing_key.text,
            }
        return {}
