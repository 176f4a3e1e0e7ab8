"""Headers that keep a browser from doing more with our pages than we mean."""

from collections.abc import Mapping
from typing import Final

BROWSER_HEADERS: Final[Mapping[str, str]] = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Our own forms say where they come from, for a vote is checked for that; no other site learns.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Beside them, each page has a content security policy of its own."""
