"""Gets Debian packages as files NAME.deb. Run by the repository rule in debian.bzl.

usage: fetch_packages.py LIST PROCESSOR FOLDER
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory


def listed(path: Path) -> list[str]:
    """Return the names in the list."""
    lines = path.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def apt_sources() -> str:
    """Return where apt takes packages from: another place may have other versions."""
    options = ["--no-release-info", "--format=$(SITE) $(RELEASE) $(COMPONENT)"]
    command = ["apt-get", "indextargets", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def store(packages: Path, processor: str) -> Path:
    """Return the folder below the home folder for this list from these sources."""
    made_from = packages.read_text() + apt_sources()
    key = hashlib.sha256(made_from.encode()).hexdigest()[:12]
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = Path(os.environ.get("BAZELW_CACHE") or caches / "voting-bazelw")
    return cache / f"debian-{processor}-{key}"


def download(names: list[str], processor: str, target: Path) -> None:
    """Download packages into a new folder; apt keeps its state apart from the system's."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix="debian-unfinished-") as folder:
        work, debs = Path(folder), Path(folder, "debs")
        for needed in (debs, work / "lists" / "partial", work / "cache" / "archives" / "partial"):
            needed.mkdir(parents=True)
        apt_get = [
            "apt-get",
            "--quiet",
            f"--option=Dir::State::Lists={work / 'lists'}",
            f"--option=Dir::Cache={work / 'cache'}",
            # What this machine has installed is for its own processor.
            "--option=Dir::State::Status=/dev/null",
            f"--option=APT::Architecture={processor}",
            f"--option=APT::Architectures={processor}",
            "--option=APT::Sandbox::User=root",
            # A testing release's index expires within days; its signature is still checked.
            "--option=Acquire::Check-Valid-Until=false",
            "--option=Acquire::Languages=none",
        ]
        subprocess.run([*apt_get, "update"], check=True, stdout=sys.stderr)
        subprocess.run([*apt_get, "download", *names], check=True, stdout=sys.stderr, cwd=debs)
        for deb in list(debs.iterdir()):  # libc6_2.43-1_amd64.deb
            deb.rename(debs / f"{deb.name.partition('_')[0]}.deb")
        debs.rename(target)


def main(packages: Path, processor: str, target: Path) -> None:
    """Fill the target folder, from the store if the packages are there."""
    kept = store(packages, processor)
    if not kept.is_dir():
        download(listed(packages), processor, kept)
    for deb in sorted(kept.iterdir()):
        shutil.copy(deb, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
