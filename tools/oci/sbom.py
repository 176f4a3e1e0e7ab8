"""Writes the software bill of materials of an image: CycloneDX 1.6, JSON."""

import sys
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tools.oci.components import Found, find
from tools.oci.image import Image


def main(output: Path, folder: Path) -> None:
    """Write the bill for the image in a folder."""
    output.write_text(JsonV1Dot6(bill(Image(folder))).output_as_string(indent=2) + "\n")


def bill(image: Image) -> Bom:
    """Return the bill, which names the image by its digest: the same image, the same bill."""
    whole = container(image)
    parts = [component(found) for found in find(image.layers())]
    made = Bom(
        # One number per image, not per run of this.
        serial_number=uuid5(NAMESPACE_OID, image.digest),
        metadata=BomMetaData(
            component=whole,
            timestamp=datetime.fromisoformat(image.config["created"]),
        ),
        components=parts,
    )
    made.register_dependency(whole, parts)
    return made


def container(image: Image) -> Component:
    """Return the image as a component."""
    return Component(
        type=ComponentType.CONTAINER,
        name=image.title,
        version=image.labels.get("org.opencontainers.image.revision"),
        bom_ref=image.digest,
        purl=PackageURL("oci", None, image.title, image.digest),
    )


def component(found: Found) -> Component:
    """Return something in the image as a component."""
    purl = found.purl
    return Component(
        name=purl.name,
        group=purl.namespace if purl.type == "maven" else None,
        version=purl.version,
        bom_ref=str(purl),
        purl=purl,
        licenses=[LicenseFactory().make_from_string(found.license)] if found.license else [],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
