"""The client's side of TLS: a channel whose certificates may be renewed."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final, override

import grpc.aio

from voting.service.lifecycle import run_for_good
from voting.service.tls_files import Pem, RenewedFiles, TlsFiles

_log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 10.0
# How long a channel with renewed certificates may take until a server accepts them.
_READY_SECONDS: Final = 30.0
# A server ends each connection, with whatever runs on it, after 70 s at most.
_GRACE_SECONDS: Final = 75.0

type Options = Sequence[tuple[str, Any]]


def open_channel(target: str, options: Options, files: TlsFiles | None) -> grpc.aio.Channel:
    """Return a channel, with TLS if there are files; gRPC requires that in its event loop."""
    if files is None:
        return grpc.aio.insecure_channel(target, options=options)
    return SecureChannel(target, options, files)


class SecureChannel(grpc.aio.Channel):
    """A channel with TLS, for callers like any other.

    gRPC gives a channel its certificates for good. So renewed ones get a channel of their own. It
    takes the place of the one before once it is ready; calls under way finish on the old one.
    """

    def __init__(self, target: str, options: Options, files: TlsFiles) -> None:
        """Open the first channel; raise `UnusableFileError`."""
        self._target = target
        self._options = options
        self._files = RenewedFiles(files)
        self._replaced = asyncio.Event()
        self.current = self._open(self._files.pem)
        self._renewal = run_for_good(self._renew(), "the renewal of certificates")

    @override
    async def close(self, grace: float | None = None) -> None:
        self._renewal.cancel()
        await asyncio.wait([self._renewal])
        await self.current.close(grace)

    @override
    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        return self.current.get_state(try_to_connect)

    @override
    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        while self.current.get_state() is last_observed_state:
            waits = [
                asyncio.ensure_future(self.current.wait_for_state_change(last_observed_state)),
                asyncio.ensure_future(self._replaced.wait()),
            ]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    @override
    async def channel_ready(self) -> None:
        while (state := self.get_state(try_to_connect=True)) is not grpc.ChannelConnectivity.READY:
            await self.wait_for_state_change(state)

    @override
    def unary_unary(self, *args: Any, **options: Any) -> Any:
        return _Calls(self, "unary_unary", args, options)

    @override
    def unary_stream(self, *args: Any, **options: Any) -> Any:
        return _Calls(self, "unary_stream", args, options)

    @override
    def stream_unary(self, *args: Any, **options: Any) -> Any:
        return _Calls(self, "stream_unary", args, options)

    @override
    def stream_stream(self, *args: Any, **options: Any) -> Any:
        return _Calls(self, "stream_stream", args, options)

    @override
    async def __aenter__(self) -> SecureChannel:
        return self

    @override
    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _open(self, pem: Pem) -> grpc.aio.Channel:
        credentials = grpc.ssl_channel_credentials(
            pem.ca or None, pem.key or None, pem.certificate or None
        )
        return grpc.aio.secure_channel(self._target, credentials, options=self._options)

    async def _renew(self) -> None:
        waiting: Pem | None = None  # renewed, but no server has accepted it yet
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            renewed = self._files.look()
            waiting = renewed or waiting
            if waiting is not None and await self._replace(waiting):
                waiting = None
            elif renewed is not None:
                _log.warning("no gRPC server accepts the renewed certificates yet; trying again")

    async def _replace(self, pem: Pem) -> bool:
        """Use these certificates from now on; return False if no server accepts them."""
        unneeded = self._open(pem)
        grace = None
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await unneeded.channel_ready()
            unneeded, self.current = self.current, unneeded
            grace = _GRACE_SECONDS
            self._replaced.set()
            self._replaced = asyncio.Event()
            _log.info("using renewed certificates for calls")
        except TimeoutError:
            return False
        finally:
            await unneeded.close(grace)
        return True


class _Calls:
    """Makes calls of one method on the channel of the moment."""

    def __init__(
        self, owner: SecureChannel, kind: str, method: tuple[Any, ...], options: dict[str, Any]
    ) -> None:
        self._owner = owner
        self._kind = kind
        self._method = method
        self._options = options
        self._channel: grpc.aio.Channel | None = None
        self._call: Any = None

    def __call__(self, *args: Any, **options: Any) -> Any:
        if self._channel is not self._owner.current:
            self._channel = self._owner.current
            self._call = getattr(self._channel, self._kind)(*self._method, **self._options)
        return self._call(*args, **options)
