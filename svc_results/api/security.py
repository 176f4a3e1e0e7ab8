"""The security headers of every answer."""

from collections.abc import Mapping
from typing import Final

from voting.pages.browser_headers import page_headers

SECURITY_HEADERS: Final[Mapping[str, str]] = page_headers(
    "form-action 'self'", "worker-src 'self'", "trusted-types shared-stream"
)
