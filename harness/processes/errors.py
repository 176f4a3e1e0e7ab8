"""What can go wrong with a command and its servers."""


class CommandError(RuntimeError):
    """A command cannot go on. The text is one line for the user, with what to do."""


class ServerError(CommandError):
    """A server cannot start, or ended by itself. The text names it, with what to do."""


class PortInUseError(ServerError):
    """Another program listens on the port; `port_name` is its name in `DEFAULT_PORTS`."""

    def __init__(self, port_name: str, port: int) -> None:
        super().__init__(f"port {port} ({port_name}) is in use by another program")
        self.port_name = port_name


class NotReadyError(Exception):
    """The server does not take work yet; the text is the reason."""
