"""The sheets of QR codes, as text and as a browser prints them."""

import re
from pathlib import Path

import pytest
import segno

from harness.testing.browser import chromium
from svc_polls.handouts.sheets import URL_MAX, Sheets

URL = "https://votes.example.com/p/best-album"
CODES = [(serial, f"0020-0033-XM3X-{serial:04}") for serial in range(41, 82)]  # two sheets and one


def html(url: str = URL, title: str = "Gala", language: str = "en") -> str:
    sheets = Sheets(url=url, title=title, language=language, note="batch 3")
    return "".join(sheets.html(CODES, len(CODES), lambda _: None))


def test_each_card_has_the_qr_code_of_its_link_and_the_code_as_text() -> None:
    cards = re.findall(r'<div class="card">.*?</div>', html(), re.DOTALL)
    assert len(cards) == len(CODES)
    for card, (_, code) in zip(cards, CODES, strict=True):
        wanted = segno.make_qr(f"{URL}#code={code}", error="m", boost_error=False)
        assert wanted.svg_inline(border=4, omitsize=True) in card
        assert f'<p class="code">{code}</p>' in card


def test_each_sheet_says_which_it_is() -> None:
    made: list[int] = []
    sheets = Sheets(url=URL, title="Gala", language="es", note="batch 3")
    text = "".join(sheets.html(CODES, len(CODES), made.append))
    assert re.findall(r"Hoja [^<]*", text) == [
        "Hoja 1 de 3: códigos 41 a 60",
        "Hoja 2 de 3: códigos 61 a 80",
        "Hoja 3 de 3: códigos 81 a 81",
    ]
    assert made == [20, 40, 41]


def test_the_title_is_text_and_nothing_is_loaded_from_elsewhere() -> None:
    text = html(title="<b>Rock & Roll</b>")
    assert "&lt;b&gt;Rock &amp; Roll&lt;/b&gt;" in text
    assert "<b>Rock" not in text
    assert not re.search(r"(src|href)=|url\(|@import|<script", text)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("language", ["en", "es"])
def test_printed_it_has_a_page_for_each_sheet_and_nothing_is_cut_off(
    tmp_path: Path, language: str
) -> None:
    longest = URL + "x" * (URL_MAX - len(URL))
    file = tmp_path / "sheets.html"
    file.write_text(html(url=longest, title="W" * 40, language=language), encoding="utf-8")
    with chromium() as browser:
        page = browser.new_page()
        page.goto(file.as_uri())
        page.emulate_media(media="print")
        for selector in (".card", ".code", ".sheet"):
            assert page.evaluate(
                "(selector) => [...document.querySelectorAll(selector)].every(one =>"
                " one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight)",
                selector,
            ), selector
        printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type */Page\b", printed)) == 3
