"""Sheets of QR codes to print and cut: one HTML file that needs nothing else."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import batched
from pathlib import Path
from typing import Final, NamedTuple

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

# Chromium takes about 1 GB and some seconds to print so many, and twice that for twice as many.
SHEET_CODES_MAX: Final = 5_000
# What there is room for below a code. With it, the modules of its QR code are 0.6 mm wide.
URL_MAX: Final = 70
LANGUAGES: Final = ("en", "es")
_COLUMNS, _ROWS = 4, 5
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "scan": "Scan to vote, or enter the code at",
        "sheet": "Sheet {number} of {sheets}: codes {first} to {last}",
        "secret": "Keep codes as you keep tickets: whoever has one can vote.",
    },
    "es": {
        "scan": "Escanea o escribe el código en",
        "sheet": "Hoja {number} de {sheets}: códigos {first} a {last}",
        "secret": "Guarda los códigos como entradas: quien tiene uno puede votar.",
    },
}
_TEMPLATE: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("sheets.html")


class Card(NamedTuple):
    """What is printed of one code."""

    serial: int
    code: str
    qr: Markup


class Sheets(NamedTuple):
    """What all sheets of a batch say."""

    url: str
    title: str
    language: str
    note: str
    """Which codes these are, for whoever hands them out."""

    def html(
        self, codes: Iterable[tuple[int, str]], count: int, on_cards: Callable[[int], None]
    ) -> Iterator[str]:
        """Yield the parts of a file with codes and their serials.

        `on_cards` is called with the number of codes after each sheet.
        """
        words = _WORDS[self.language]
        cards = (Card(serial, code, self._qr(code)) for serial, code in codes)
        return _TEMPLATE.generate(
            about=self,
            address=self.url.partition("://")[2],
            sheets=_counted(batched(cards, _COLUMNS * _ROWS, strict=False), on_cards),
            last_sheet=-(-count // (_COLUMNS * _ROWS)),
            words=words,
            columns=_COLUMNS,
            rows=_ROWS,
        )

    def _qr(self, code: str) -> Markup:
        """Return the QR code of a link, with the blank border that scanners need.

        A seventh of it may be unreadable (level M), as folded paper is.
        """
        qr = segno.make_qr(f"{self.url}#code={code}", error="m", boost_error=False)
        # Lines and numbers only: the link is in them, but not as text.
        return Markup(qr.svg_inline(border=4, omitsize=True))  # noqa: S704


def _counted[Sheet: tuple[object, ...]](
    sheets: Iterable[Sheet], on_cards: Callable[[int], None]
) -> Iterator[Sheet]:
    made = 0
    for sheet in sheets:
        yield sheet
        made += len(sheet)
        on_cards(made)
