"""The security headers of every answer."""

from collections.abc import Mapping
from typing import Final

from voting.pages.browser_headers import BROWSER_HEADERS, page_headers

SECURITY_HEADERS: Final[Mapping[str, str]] = page_headers(
    "form-action 'self'", "worker-src 'self'", "trusted-types shared-stream proof-worker"
)

_POLICY: Final = "permissions-policy"

SCANNER_HEADERS: Final[Mapping[str, str]] = {
    _POLICY: BROWSER_HEADERS[_POLICY].replace("camera=()", "camera=(self)")
}
"""Of a page that scans codes: it alone may ask for the camera."""
