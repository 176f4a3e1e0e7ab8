"""Writes images as one file that `podman load` and `docker load` read.

It is what `docker save` writes: manifest.json names the blobs of each image. With one image it is
an OCI layout, too.
"""

import json
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.oci.archive import add
from tools.oci.image import Image
from tools.oci.tree import File


def main(output: Path, folders: Sequence[Path]) -> None:
    """Write the archive; each image has its title as name, and the tag latest."""
    images = [Image(folder) for folder in folders]
    parts = folders if len(folders) == 1 else [folder / "blobs" for folder in folders]
    files = {
        str(file.relative_to(folder)): file
        for folder, part in zip(folders, parts, strict=True)
        for file in part.rglob("*")
        if file.is_file()
    }
    manifest = json.dumps([docker_manifest(image) for image in images], sort_keys=True)
    with tarfile.open(output, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, file in sorted(files.items()):
            add(archive, name, File(file.read_bytes()))
        add(archive, "manifest.json", File(manifest.encode()))


def docker_manifest(image: Image) -> dict[str, Any]:
    """Return the entry of an image in the list that Docker reads."""
    config, *layers = (
        str(image.blob(part["digest"]).relative_to(image.folder))
        for part in [image.manifest["config"], *image.manifest["layers"]]
    )
    return {"Config": config, "RepoTags": [f"{image.title}:latest"], "Layers": layers}


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
