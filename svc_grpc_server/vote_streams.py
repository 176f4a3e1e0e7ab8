"""`StreamVotes`: calls that carry one request after the other."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

from grpc import StatusCode
from grpc.aio import EOF

from svc_grpc_server.fair_turns import Answer, Context
from voting.service.lifecycle import Readiness


class VoteStreams:
    """Answers the requests of each stream, one at a time, as long as the server is ready.

    gRPC balances streams, not their requests: a stream that ends is opened again elsewhere.
    """

    def __init__(self, answer: Answer, readiness: Readiness) -> None:
        """`answer` is `CastVotes`, of a single call."""
        self._answer = answer
        self._readiness = readiness
        self._streams: set[_Stream] = set()

    def end(self) -> None:
        """End the streams of a server that is not ready; requests that were read are answered."""
        for stream in self._streams:
            stream.end()

    async def StreamVotes(  # noqa: N802 - the name is the schema's
        self, _: AsyncIterator[bytes], context: Context
    ) -> None:
        """Answer requests until the client ends the stream, or the server is not ready."""
        if not self._readiness.ready:
            await context.abort(StatusCode.UNAVAILABLE, "not ready")
        stream = _Stream(context, self._answer)
        self._streams.add(stream)
        try:
            await stream.serve()
        finally:
            self._streams.discard(stream)


class _Stream:
    """One call."""

    def __init__(self, context: Context, answer: Answer) -> None:
        self._context = context
        self._answer = answer
        self._reader: asyncio.Task[None] | None = None
        self._idle = True  # no request has been read that is not answered
        self._ends = False

    def end(self) -> None:
        """Read no further request."""
        self._ends = True
        if self._idle and self._reader is not None:
            self._reader.cancel()

    async def serve(self) -> None:
        """Answer requests until the client or `end` ends the call."""
        self._reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait([self._reader])
        finally:
            self._reader.cancel()
        if not self._reader.cancelled():
            self._reader.result()

    async def _read(self) -> None:
        context = self._context
        while not self._ends:
            message: object = await context.read()
            if message is EOF:
                return
            self._idle = False
            # One name for both: while the client does not read, no request is kept beside.
            message = await self._answer(cast("bytes", message), context)
            await context.write(message)
            self._idle = True
