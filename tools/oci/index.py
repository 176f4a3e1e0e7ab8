"""Joins images of one program for several platforms: a layout with one index of them."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.oci.image import Image
from tools.oci.layout import Json, encode, finish, index, store


def main(output: Path, folders: Sequence[Path]) -> None:
    """Write the layout; blobs that the images share are in it once."""
    images = [Image(folder) for folder in folders]
    images.sort(key=lambda image: str(image.config["architecture"]))
    blobs = output / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for image in images:
        shutil.copytree(image.folder / "blobs", output / "blobs", dirs_exist_ok=True)
    joined = {
        **index([for_its_platform(image) for image in images]),
        "annotations": images[0].manifest["annotations"],
    }
    finish(output, images[0].title, store(blobs, "index.v1+json", encode(joined)))


def for_its_platform(image: Image) -> Json:
    """Return the descriptor by which a runtime finds the image for its machine."""
    platform = {name: image.config[name] for name in ("architecture", "os")}
    return {**image.descriptor, "platform": platform}


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2:]])
