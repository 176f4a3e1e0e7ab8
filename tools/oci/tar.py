"""Writes an image as one file that `podman load` and `docker load` read.

It is an OCI layout, and also what `docker save` writes: manifest.json names the same blobs.
"""

import sys
import tarfile
from pathlib import Path

from tools.oci.archive import add
from tools.oci.image import Image
from tools.oci.layout import encode
from tools.oci.tree import File


def main(output: Path, folder: Path) -> None:
    """Write the archive; its image has its title as name, and the tag latest."""
    image = Image(folder)
    files = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
    with tarfile.open(output, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, file in sorted(files.items()):
            add(archive, name, File(file.read_bytes()))
        add(archive, "manifest.json", File(docker_manifest(image)))


def docker_manifest(image: Image) -> bytes:
    """Return the list of images that Docker reads."""
    config, *layers = (
        str(image.blob(part["digest"]).relative_to(image.folder))
        for part in [image.manifest["config"], *image.manifest["layers"]]
    )
    entry = {"Config": config, "RepoTags": [f"{image.title}:latest"], "Layers": layers}
    # Docker reads a list, encode() writes an object: add the brackets.
    return b"[" + encode(entry) + b"]"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
