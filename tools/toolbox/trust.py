"""The toolbox trusts the certificate authorities that the machine trusts.

A machine behind a proxy that intercepts TLS has an authority of its own: without it neither pip nor
Maven, whose Java has a list of its own, reaches its registry.
"""

import hashlib
import re
import subprocess
from pathlib import Path

from tools.toolbox import namespace, rootfs
from tools.toolbox.lock import locked
from tools.toolbox.messages import give_up, say

BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)


def ensure(toolbox: Path) -> None:
    """Give the toolbox the machine's authorities, again whenever they change."""
    if not BUNDLE.exists():
        return
    current = hashlib.sha256(BUNDLE.read_bytes()).hexdigest()
    if trusted(toolbox) != current:
        with locked(rootfs.lock(), "preparing the toolbox"):
            if trusted(toolbox) != current:
                update(toolbox)
                stamp(toolbox).write_text(current)


def stamp(toolbox: Path) -> Path:
    """Return the file that records which of the machine's bundles the toolbox has."""
    return toolbox / "etc" / "ssl" / "machine-bundle.sha256"


def trusted(toolbox: Path) -> str:
    """Return the hash of the bundle that the toolbox has, if any."""
    return stamp(toolbox).read_text() if stamp(toolbox).exists() else ""


def update(toolbox: Path) -> None:
    """Replace the toolbox's local authorities and let Debian's tool rebuild all bundles."""
    local = toolbox / "usr" / "local" / "share" / "ca-certificates"
    for old in local.glob("machine-*.crt"):
        old.unlink()
    own = certificates(BUNDLE) - shipped(Path("/")) - shipped(toolbox)
    for number, certificate in enumerate(sorted(own)):
        (local / f"machine-{number}.crt").write_text(certificate)
    if own:
        say(f"the toolbox trusts this machine's own certificate authorities ({len(own)})")
    command = namespace.new(toolbox, ["update-ca-certificates", "--fresh"], mode="rw")
    environment = namespace.environment(toolbox)
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    # Its status does not cover the hook that writes Java's list; its output does.
    if done.returncode or "E: " in done.stdout:
        give_up(f"update-ca-certificates failed:\n{done.stdout}")


def certificates(bundle: Path) -> set[str]:
    """Return the certificates in a PEM file."""
    return set(CERTIFICATE.findall(bundle.read_text(errors="replace")))


def shipped(root: Path) -> set[str]:
    """Return the authorities that Debian ships with a system: nothing of this machine's own."""
    files = (root / "usr" / "share" / "ca-certificates").rglob("*.crt")
    return {certificate for file in files for certificate in certificates(file)}
