"""A server of MongoDB's protocol that treats every vote as new, stores none, and answers at once.

It shows the consumer's own cost, its MongoDB client included, however slow a real server is on this
machine. It does store the positions, because the consumer checks them. `python -m
bench.apparatus.quick_mongodb` listens on HOST:PORT.
"""

import asyncio
import struct
import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, override

import bson
import uvloop
from msgspec import Meta

from harness.processes.programs import python_environment
from harness.servers.mongodb_server import MongodbServer
from voting.service.settings import Port, Settings, load_settings

_QUERY, _REPLY, _MESSAGE = 2004, 1, 2013  # OP_QUERY, OP_REPLY, OP_MSG of the wire protocol
_HEADER: Final = struct.Struct("<iiii")  # length, request id, id it answers, kind
_HELLO: Final = {
    "ismaster": True,
    "helloOk": True,
    "maxBsonObjectSize": 16 * 2**20,
    "maxMessageSizeBytes": 48_000_000,
    "maxWriteBatchSize": 100_000,
    "minWireVersion": 0,
    "maxWireVersion": 21,
}

type Document = Mapping[str, Any]


class QuickMongodbServer(MongodbServer):
    """The server as a process."""

    @override
    def command(self) -> list[str]:
        return [sys.executable, "-m", "bench.apparatus.quick_mongodb"]

    @override
    def environment(self) -> Mapping[str, str]:
        return {**python_environment(), "HOST": self.host, "PORT": str(self.port)}


class _Settings(Settings, frozen=True, kw_only=True):
    port: Annotated[Port, Meta(description="Port of the server.")] = 27018


class Answers:
    """Answers commands like a MongoDB that has the positions but no votes."""

    def __init__(self) -> None:
        self._positions: dict[str, dict[str, Any]] = {}

    def answer(self, command: Document, sequences: Mapping[str, bytes]) -> Document:
        """Return the answer to a command; `sequences` are its lists of documents, as bytes."""
        match next(iter(command)):
            case "hello" | "ismaster" | "isMaster":
                return _HELLO
            case "insert":
                return self._insert(command, sequences)
            case "update":
                return self._update(command, sequences)
            case "findAndModify":
                return self._claim(command)
            case "find":
                return self._find(command)
            case _:
                return {}

    def _insert(self, command: Document, sequences: Mapping[str, bytes]) -> Document:
        documents = sequences.get("documents")
        if documents is None or sum(1 for _ in _parts(documents)) == 1:
            for document in _documents(command, "documents", sequences):
                if document["_id"].startswith("@"):
                    self._positions[document["_id"]] = document
            return {"n": 1}
        return {"n": sum(1 for _ in _parts(documents))}

    def _update(self, command: Document, sequences: Mapping[str, bytes]) -> Document:
        matched = 0
        for update in _documents(command, "updates", sequences):
            wanted, stored = update["q"], self._positions.get(update["q"]["_id"])
            if stored is not None and wanted.items() <= stored.items():
                stored.update(update["u"]["$set"])
                matched += 1
        return {"n": matched, "nModified": matched}

    def _claim(self, command: Document) -> Document:
        stored = self._positions.get(command["query"]["_id"])
        if stored is not None:
            stored.update(command["update"]["$set"])
        return {"value": stored}

    def _find(self, command: Document) -> Document:
        ids = command["filter"].get("_id", {}).get("$in", ())
        found = [self._positions[i] for i in ids if i in self._positions]
        where = f"{command['$db']}.{command['find']}"
        return {"cursor": {"id": 0, "ns": where, "firstBatch": found}}


class _Connection(asyncio.Protocol):
    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._received = bytearray()
        self._transport: Any = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= _HEADER.size:
            length, request, _, kind = _HEADER.unpack_from(self._received)
            if len(self._received) < length:
                return
            message = bytes(self._received[_HEADER.size : length])
            del self._received[:length]
            self._transport.write(self._reply(message, request, kind))

    def _reply(self, message: bytes, request: int, kind: int) -> bytes:
        if kind == _QUERY:  # a client's handshake
            body = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode({**_HELLO, "ok": 1.0})
            return _HEADER.pack(_HEADER.size + len(body), 0, request, _REPLY) + body
        command, sequences = _read(message)
        answer = {**self._answers.answer(command, sequences), "ok": 1.0}
        body = struct.pack("<ib", 0, 0) + bson.encode(answer)
        return _HEADER.pack(_HEADER.size + len(body), 0, request, _MESSAGE) + body


def _read(message: bytes) -> tuple[Document, dict[str, bytes]]:
    """Return the command in an OP_MSG, and its sequences of documents by name."""
    command: Document = {}
    sequences: dict[str, bytes] = {}
    at = 4  # flags
    while at < len(message):
        (size,) = struct.unpack_from("<i", message, at + 1)
        part = message[at + 1 : at + 1 + size]
        if message[at] == 0:
            command = bson.decode(part)
        else:
            name, _, documents = part[4:].partition(b"\0")
            sequences[name.decode()] = documents
        at += 1 + size
    return command, sequences


def _parts(documents: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(documents):
        (size,) = struct.unpack_from("<i", documents, at)
        yield documents[at : at + size]
        at += size


def _documents(command: Document, name: str, sequences: Mapping[str, bytes]) -> list[Any]:
    if name in sequences:
        return [bson.decode(part) for part in _parts(sequences[name])]
    return list(command[name])


async def _serve(host: str, port: int) -> None:
    answers = Answers()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(answers), host, port
    )
    await server.serve_forever()


def main() -> None:
    """Serve until stopped."""
    settings = load_settings(_Settings, "quick_mongodb")
    uvloop.run(_serve(settings.host, settings.port))


if __name__ == "__main__":
    main()
