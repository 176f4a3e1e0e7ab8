"""What the machine itself must have to build and enter the toolbox."""

import os
import shutil
import subprocess
from typing import Optional

from tools.toolbox.messages import give_up, say

NEEDED = ["mmdebstrap", "uidmap", "debian-archive-keyring"]


def install_mmdebstrap() -> None:
    """Make sure that mmdebstrap is installed; as root, install it."""
    if shutil.which("mmdebstrap") and (os.geteuid() == 0 or shutil.which("newuidmap")):
        return
    command = f"apt-get install {' '.join(NEEDED)}"
    if os.geteuid() != 0:
        give_up(f"the toolbox cannot be built yet. Run once: sudo {command}")
    if not shutil.which("apt-get"):
        give_up(f"needs the programs of these Debian packages: {' '.join(NEEDED)}")
    say(f"{command} (once)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *NEEDED]
    if subprocess.call(install, env=environment, stdin=subprocess.DEVNULL):
        give_up("apt-get could not install these packages")


def debian_mirror() -> Optional[str]:
    """Return the mirror that apt uses here for Debian; None leaves the choice to mmdebstrap."""
    if not shutil.which("apt-get"):
        return None
    query = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian"]
    listed = subprocess.run(query, capture_output=True, text=True, check=False).stdout.split()
    mirrors = [uri.rstrip("/") for uri in listed if "security" not in uri]
    return mirrors[0] if mirrors else None
