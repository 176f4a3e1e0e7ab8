"""Makes an image from its layers and its configuration: an OCI image layout, a folder.

The format: https://github.com/opencontainers/image-spec (image-layout, manifest and config).
"""

import gzip
import hashlib
import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_TYPE = "application/vnd.oci.image."
_LABEL = "org.opencontainers.image."
_EPOCH = "1970-01-01T00:00:00Z"

type Json = dict[str, object]


class Provenance(NamedTuple):
    """The source that an image was built from; empty for an image that only tests use."""

    source: str = ""
    revision: str = ""
    created: str = _EPOCH

    def labels(self) -> dict[str, str]:
        """Return OCI's annotations, which serve as labels, too."""
        values = self._asdict() if self.revision else {}
        return {f"{_LABEL}{name}": value for name, value in values.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the layout."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("config", type=Path, help="JSON: title, architecture, config")
    parser.add_argument("layers", type=Path, nargs="+")
    parser.add_argument("--version", type=Path, required=True, help="file that holds the version")
    parser.add_argument("--status", type=Path, help="Bazel's stable-status.txt")
    options = parser.parse_args(arguments)
    provenance = read_provenance(options.status.read_text()) if options.status else Provenance()
    version = options.version.read_text().strip()
    image = json.loads(options.config.read_text())
    write_layout(options.output, image, version, options.layers, provenance)


def read_provenance(status: str) -> Provenance:
    """Read what tools/workspace_status.sh printed for Bazel: a name and its value per line."""
    values = dict(line.split(" ", 1) for line in status.splitlines() if " " in line)
    return Provenance(
        source=values["STABLE_SOURCE"],
        revision=values["STABLE_REVISION"],
        created=values.get("STABLE_REVISION_TIME", _EPOCH),
    )


def write_layout(
    folder: Path,
    image: Mapping[str, Any],
    version: str,
    layers: Sequence[Path],
    provenance: Provenance,
) -> None:
    """Write blobs, manifest and index of an image with this title, architecture and config."""
    title = image["title"]
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    labels = {
        f"{_LABEL}title": title,
        f"{_LABEL}version": version,
        **provenance.labels(),
    }
    packed = [layer.read_bytes() for layer in layers]
    described_config = {
        "architecture": image["architecture"],
        "os": "linux",
        "created": provenance.created,
        "config": {**image["config"], "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": [digest(gzip.decompress(p)) for p in packed]},
        "history": [
            {"created": provenance.created, "created_by": f"bazel: {layer.name}"}
            for layer in layers
        ],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}manifest.v1+json",
        "config": store(blobs, "config.v1+json", encode(described_config)),
        "layers": [store(blobs, "layer.v1.tar+gzip", content) for content in packed],
        "annotations": labels,
    }
    finish(folder, title, store(blobs, "manifest.v1+json", encode(manifest)))


def finish(folder: Path, title: str, descriptor: Json) -> None:
    """Write what makes a folder of blobs a layout: the one entry and the format's version."""
    # The name that `podman load` gives it.
    named = {**descriptor, "annotations": {f"{_LABEL}ref.name": f"{title}:latest"}}
    (folder / "index.json").write_bytes(encode(index([named])))
    (folder / "oci-layout").write_bytes(encode({"imageLayoutVersion": "1.0.0"}))


def index(manifests: Sequence[Json]) -> Json:
    """Return a list of images, or of such lists."""
    return {"schemaVersion": 2, "mediaType": f"{_TYPE}index.v1+json", "manifests": manifests}


def store(blobs: Path, kind: str, content: bytes) -> Json:
    """Write a blob and return its descriptor."""
    named = digest(content)
    (blobs / named.removeprefix("sha256:")).write_bytes(content)
    return {"mediaType": f"{_TYPE}{kind}", "digest": named, "size": len(content)}


def digest(content: bytes) -> str:
    """Return a blob's digest as OCI writes it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def encode(document: Mapping[str, object]) -> bytes:
    """Return JSON that is the same bytes for the same document."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


if __name__ == "__main__":
    main()
