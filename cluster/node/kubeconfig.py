"""Kubeconfigs: how a client finds the API server, and who it is. JSON is YAML."""

import json
from base64 import b64encode
from pathlib import Path


def kubeconfig(pki: Path, who: str, port: int) -> str:
    """Return the kubeconfig of `who`, for the API server on `port` of 127.0.0.1.

    It holds keys and certificates itself, so that a copy of the file works anywhere here.
    """
    authority = {"certificate-authority-data": _encoded(pki / "ca.crt")}
    user = {
        "client-certificate-data": _encoded(pki / f"{who}.crt"),
        "client-key-data": _encoded(pki / f"{who}.key"),
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "local", "cluster": {"server": f"https://127.0.0.1:{port}", **authority}}
            ],
            "users": [{"name": who, "user": user}],
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": who}}],
            "current-context": "local",
        },
        indent=1,
    )


def write(file: Path, pki: Path, who: str, port: int) -> None:
    """Write a kubeconfig that only its owner can read."""
    file.touch(mode=0o600)
    file.write_text(kubeconfig(pki, who, port))


def _encoded(file: Path) -> str:
    return b64encode(file.read_bytes()).decode()
