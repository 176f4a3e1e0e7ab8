"""The command line of //local:up and //:demo."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from harness.processes.ports import DEFAULT_PORTS, Ports, free_ports
from harness.servers.collector import Collector


def add_stack_options(parser: ArgumentParser) -> None:
    """Add the options of the stack to a parser."""
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path.home() / ".cache" / "voting-local",
        help="folder for data and logs, kept between runs (%(default)s)",
    )
    parser.add_argument(
        "--free-ports", action="store_true", help="use free ports instead of the defaults"
    )
    parser.add_argument(
        "--grpc-unary",
        action="store_true",
        help="also run svc_grpc_unary, which makes a gRPC call for each vote, for comparisons"
        " with --candidates grpc,http,grpc-unary",
    )
    parser.add_argument(
        "--traces",
        metavar="URL",
        help="send traces there (OTLP over HTTP), for example http://127.0.0.1:4318",
    )
    parser.add_argument(
        "--traced-share",
        type=share,
        default=1.0,
        metavar="SHARE",
        help="how many of the votes are traced, from 0 to 1 (%(default)s)",
    )
    for name, default in DEFAULT_PORTS.items():
        option = name.replace("_", "-")
        parser.add_argument(
            f"--port-{option}",
            type=tcp_port,
            metavar="PORT",
            help=f"port of {option} ({default})",
        )


def chosen_ports(options: Namespace) -> Ports:
    """Return the ports: each as chosen, else free with --free-ports, else its default."""
    base = free_ports() if options.free_ports else DEFAULT_PORTS
    chosen = {name: getattr(options, f"port_{name.replace('-', '_')}") for name in base}
    return {name: base[name] if port is None else port for name, port in chosen.items()}


def chosen_folder(options: Namespace) -> Path:
    """Return the data folder; a relative one is relative to the user's working directory."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), options.data_dir).resolve()


def chosen_collector(options: Namespace) -> Collector | None:
    """Return where traces go; None if there are none."""
    return Collector(options.traces, options.traced_share) if options.traces else None


def share(text: str) -> float:
    """Return a share; raise ValueError when the text is none."""
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError(text)
    return number


def tcp_port(text: str) -> int:
    """Return a port; raise ValueError when the text is not one."""
    number = int(text)
    if not 1 <= number <= 65535:
        raise ValueError(text)
    return number


def at_least_one(text: str) -> int:
    """Return a whole number from 1 on; raise ValueError when the text is not one."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number
