"""An image in a folder: what tools read from an OCI layout."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any


class Image:
    """The one image of a layout that layout.py wrote."""

    def __init__(self, folder: Path) -> None:
        """`folder` has index.json and blobs/."""
        self.folder = folder

    @cached_property
    def descriptor(self) -> dict[str, Any]:
        """The manifest's type, digest and size."""
        index = json.loads((self.folder / "index.json").read_bytes())
        return {name: index["manifests"][0][name] for name in ("mediaType", "digest", "size")}

    @property
    def digest(self) -> str:
        """The manifest's digest, by which registries and Kubernetes identify the image."""
        return str(self.descriptor["digest"])

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The list of blobs."""
        return self._read(self.digest)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The image's configuration; `config` in it is that of its containers."""
        return self._read(self.manifest["config"]["digest"])

    @property
    def title(self) -> str:
        """The image's name."""
        return str(self.labels["org.opencontainers.image.title"])

    @property
    def labels(self) -> dict[str, str]:
        """Its labels: name, version and source."""
        return dict(self.config["config"]["Labels"])

    @property
    def size(self) -> int:
        """What a pull transfers, in bytes."""
        parts = [self.manifest["config"], *self.manifest["layers"]]
        return sum(part["size"] for part in parts)

    def blob(self, digest: str) -> Path:
        """Return the file of a blob."""
        return self.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def layers(self) -> Iterator[tarfile.TarFile]:
        """Yield the layers as archives, the lowest first."""
        for layer in self.manifest["layers"]:
            with open_layer(self.blob(layer["digest"])) as archive:
                yield archive

    def _read(self, digest: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.blob(digest).read_bytes())
        return content


def open_layer(blob: Path) -> tarfile.TarFile:
    """Open a layer in memory, because seeking back in a compressed file starts over."""
    return tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob.read_bytes())))
