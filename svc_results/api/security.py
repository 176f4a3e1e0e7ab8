"""The security headers of every answer."""

from collections.abc import Mapping
from typing import Final

from voting.pages.browser_headers import BROWSER_HEADERS

# Everything comes from this origin, only data is inline, and no other page may frame ours.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "worker-src 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types shared-stream",
    ]
)

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    **BROWSER_HEADERS,
    "content-security-policy": CONTENT_SECURITY_POLICY,
}
