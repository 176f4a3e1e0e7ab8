"""Security headers that every page shares; each page adds its own content security policy."""

from collections.abc import Mapping
from typing import Final

BROWSER_HEADERS: Final[Mapping[str, str]] = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Our own forms send their origin, which is checked for votes; other sites never receive it.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
