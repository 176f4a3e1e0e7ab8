"""Kubeconfigs: a client's address of the API server, and its credentials. JSON is YAML."""

import json
from base64 import b64encode
from pathlib import Path


def kubeconfig(pki: Path, user_name: str, port: int) -> str:
    """Return the kubeconfig of `user_name`, for the API server on `port` of 127.0.0.1.

    Keys and certificates are embedded, so a copy of the file works anywhere on this machine.
    """
    authority = {"certificate-authority-data": _encoded(pki / "ca.crt")}
    user = {
        "client-certificate-data": _encoded(pki / f"{user_name}.crt"),
        "client-key-data": _encoded(pki / f"{user_name}.key"),
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "local", "cluster": {"server": f"https://127.0.0.1:{port}", **authority}}
            ],
            "users": [{"name": user_name, "user": user}],
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": user_name}}],
            "current-context": "local",
        },
        indent=1,
    )


def write(file: Path, pki: Path, user_name: str, port: int) -> None:
    """Write a kubeconfig that only its owner can read."""
    file.touch(mode=0o600)
    file.write_text(kubeconfig(pki, user_name, port))


def _encoded(file: Path) -> str:
    return b64encode(file.read_bytes()).decode()
