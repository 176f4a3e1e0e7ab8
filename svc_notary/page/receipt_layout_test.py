"""The page of a receipt in headless Chromium: it has no script and needs no server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser

from harness.testing.browser import chromium, keep_screenshot, open_page
from svc_notary.page.receipt_page import STATIC_FOLDER, render_receipt
from svc_notary.receipts.receipt import Exclusion, Status
from svc_notary.testing.examples import RECEIPT, VOTE

LONG = "W" * 200


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "es")])
def test_nothing_runs_out_of_the_page(
    browser: Browser, tmp_path: Path, width: int, scheme: Any, language: Any
) -> None:
    receipt = msgspec.structs.replace(
        RECEIPT,
        vote=msgspec.structs.replace(VOTE, name=LONG, album="長い名前" * 50),
        status=Status.EXCLUDED,
        exclusion=Exclusion(50, LONG),
    )
    page = tmp_path / "receipt.html"
    page.write_text(render_receipt(language, receipt, str(STATIC_FOLDER)))
    size: Any = {"width": width, "height": 800}
    with open_page(browser, page.as_uri(), viewport=size, color_scheme=scheme) as shown:
        assert shown.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        keep_screenshot(shown, f"receipt-{width}-{scheme}")
