"""Writes jars.lock: the SHA-256 of each jar that pom.xml resolves to. Run it after changing that.

The format is that of sha256sum, so that `sha256sum --check` reads it.
"""

import hashlib
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory


def fetch(pom: Path, jars: Path) -> None:
    """Copy the jars into a folder, as the repository rule in kafka.bzl does."""
    maven = ["mvn", "--batch-mode", "--quiet", f"--file={pom}"]
    subprocess.run(
        [*maven, "dependency:copy-dependencies", f"-DoutputDirectory={jars}"], check=True
    )


def checksums(jars: Path) -> str:
    """Return one line per jar, in the order of their names."""
    lines = [
        f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}\n"
        for jar in sorted(jars.glob("*.jar"))
    ]
    return "".join(lines)


def main() -> None:
    """Lock the jars of this repository's pom.xml."""
    here = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"], "tools", "kafka")
    with TemporaryDirectory() as folder:
        fetch(here / "pom.xml", Path(folder))
        (here / "jars.lock").write_text(checksums(Path(folder)))


if __name__ == "__main__":
    main()
