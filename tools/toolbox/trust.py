"""The toolbox trusts the certificate authorities that the machine trusts.

A machine behind a proxy that opens TLS has an authority of its own: without it neither pip nor
Maven, whose Java keeps a list apart, reach their registries.
"""

import hashlib
import re
import subprocess
from pathlib import Path

from tools.toolbox import namespace
from tools.toolbox.lock import locked
from tools.toolbox.messages import give_up, say
from tools.toolbox.places import cache

BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)


def ensure(toolbox: Path) -> None:
    """Gives the toolbox the machine's authorities, again whenever they change."""
    if not BUNDLE.exists():
        return
    stamp = toolbox / "etc" / "ssl" / "machine-bundle.sha256"
    current = hashlib.sha256(BUNDLE.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == current:
        return
    with locked(cache() / "toolbox.lock", "preparing the toolbox"):
        update(toolbox)
        stamp.write_text(current)


def update(toolbox: Path) -> None:
    """Replaces the toolbox's local authorities and lets Debian's tool rebuild all bundles."""
    local = toolbox / "usr" / "local" / "share" / "ca-certificates"
    for old in local.glob("machine-*.crt"):
        old.unlink()
    own = certificates(BUNDLE) - shipped(Path("/")) - shipped(toolbox)
    for number, certificate in enumerate(sorted(own)):
        (local / f"machine-{number}.crt").write_text(certificate)
    say(f"the toolbox trusts the {len(own)} certificate authorities of this machine's own")
    command = namespace.new(toolbox, ["update-ca-certificates", "--fresh"], mode="rw")
    done = subprocess.run(command, env=namespace.environment(), capture_output=True, check=False)
    if done.returncode:
        give_up(f"update-ca-certificates failed: {done.stderr.decode(errors='replace')}")


def certificates(bundle: Path) -> set[str]:
    """The certificates in a PEM file."""
    return set(CERTIFICATE.findall(bundle.read_text(errors="replace")))


def shipped(root: Path) -> set[str]:
    """The authorities that Debian ships with a system, which are nothing of this machine's own."""
    files = (root / "usr" / "share" / "ca-certificates").rglob("*.crt")
    return {certificate for file in files for certificate in certificates(file)}
