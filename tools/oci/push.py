"""Push images to a registry, with crane."""

import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tools.oci.image import Image

_LIMIT_SECONDS: Final = 600
_ONE: Final = "registry and image name: HOST[:PORT]/NAME"
_SEVERAL: Final = (
    "registry, with an optional path; each image is pushed under its own name below it"
)
_CREDENTIALS: Final = "Credentials are read from Docker's config.json; see `crane auth login`."


class PushError(Exception):
    """An image could not be pushed; the text is one line with the reason."""


def main(images: Sequence[str], arguments: Sequence[str]) -> int:
    """Push images, given as TITLE=FOLDER; return 0, or 1 when one could not be pushed."""
    options = parser(several=len(images) > 1).parse_args(arguments)
    try:
        for image in images:
            title, _, folder = image.partition("=")
            below = f"/{title}" if len(images) > 1 else ""
            reference = f"{options.repository}{below}:{options.tag}"
            digest = push(Image(Path(folder)), reference, insecure=options.insecure)
            print(f"{reference}@{digest}", flush=True)
    except PushError as error:
        print(f"push: {error}", file=sys.stderr)
        return 1
    return 0


def parser(*, several: bool) -> ArgumentParser:
    """Return the command line."""
    made = ArgumentParser(prog="push", description=__doc__, epilog=_CREDENTIALS)
    made.add_argument("--repository", required=True, help=_SEVERAL if several else _ONE)
    made.add_argument("--tag", default="latest", help="default: latest")
    made.add_argument(
        "--insecure", action="store_true", help="allow HTTP, or TLS with an untrusted certificate"
    )
    return made


def push(image: Image, reference: str, *, insecure: bool = False) -> str:
    """Push one image and return its digest. Raises PushError."""
    options = ["--insecure"] if insecure else []
    command = ["crane", "push", *options, str(image.folder), reference]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False
        )
    except FileNotFoundError as error:
        raise PushError("no program crane on PATH: start through ./bazelw") from error
    except subprocess.TimeoutExpired as error:
        raise PushError(f"{reference}: not finished after {_LIMIT_SECONDS} s") from error
    if done.returncode:
        raise PushError(f"{reference}: {reason(done.stderr)}")
    return image.digest


def reason(output: str) -> str:
    """Return why crane failed: its last line, without what leads up to the cause."""
    lines = [line for line in output.splitlines() if line.strip()]
    last = lines[-1] if lines else "crane gave no reason"
    # Go's error for a failed request: Get "https://HOST/v2/": the cause
    cause = last.removeprefix("Error: ").rpartition('": ')[2]
    return cause.removesuffix(" (HEAD responses have no body, use GET for details)")
