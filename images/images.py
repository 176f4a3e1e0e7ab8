"""The images among a test's runfiles."""

from pathlib import Path
from typing import Final

from tools.oci.image import Image
from tools.services.roster import SERVICES

_ROOT: Final = Path(__file__).parent.parent

OTHERS: Final = ["kafka", "mongodb", "prometheus", "redis", "traefik"]


def image(name: str) -> Image:
    """Return the image of a service, or the one built by images/NAME."""
    package = _ROOT / name if name in SERVICES else _ROOT / "images" / name
    return Image(package / "image_unlabelled")
