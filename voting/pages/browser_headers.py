"""Security headers that every page shares."""

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

_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
)


def page_headers(*directives: str) -> Mapping[str, str]:
    """Return the headers of a page with scripts, with more directives for its content policy.

    Everything comes from its own origin, only data is inline, and no other page may frame it.
    """
    return {**BROWSER_HEADERS, "content-security-policy": "; ".join((*_POLICY, *directives))}
