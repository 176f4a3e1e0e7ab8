"""HTTP to servers of the system itself, never through a proxy that the environment names.

Such a proxy is for the internet. It reaches neither 127.0.0.1 nor a cluster's addresses, but urllib
uses it for both unless `no_proxy` excludes them.
"""

import urllib.request
from http.client import HTTPResponse
from typing import Final, cast

_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def open_directly(url: str, timeout_seconds: float, form: bytes | None = None) -> HTTPResponse:
    """Open a URL as `urllib.request.urlopen` does, but without a proxy; `form` is sent by POST.

    Raises OSError: `urllib.error.HTTPError` for an answer of 400 or more.
    """
    return cast(HTTPResponse, _OPENER.open(url, form, timeout_seconds))
