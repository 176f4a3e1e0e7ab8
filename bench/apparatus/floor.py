"""The floor: Sanic as our services run it, with a handler that does nothing."""

from http import HTTPStatus
from typing import Annotated, Final

from msgspec import Meta
from sanic import HTTPResponse, Request
from sanic.server.protocols.http_protocol import HttpProtocol

from voting.http.app import add_operations, new_app, run_app
from voting.service.lifecycle import Readiness
from voting.service.logs import configure_logging
from voting.service.settings import Port, Settings, load_settings

# As long as the answer to a vote, so that both cost the same to send.
_BODY: Final = b'{"id":"019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"}'


class FloorSettings(Settings, frozen=True, kw_only=True):
    """The settings of the floor."""

    port: Annotated[Port, Meta(description="Port of the empty handler.")] = 8010


def main() -> None:
    """Answer every `POST /votes` at once until stopped."""
    settings = load_settings(FloorSettings, "floor")
    configure_logging(settings, "floor")
    readiness = Readiness()
    app = new_app("floor")
    add_operations(app, readiness)

    @app.post("/votes")
    async def votes(_: Request) -> HTTPResponse:
        return HTTPResponse(_BODY, HTTPStatus.ACCEPTED, content_type="application/json")

    readiness.set_ready()
    run_app(app, settings.host, settings.port, HttpProtocol)


if __name__ == "__main__":
    main()
