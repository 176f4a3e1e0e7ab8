"""Renders the console as HTML; its script fills in the rest."""

from pathlib import Path
from typing import Final

import jinja2

from svc_polls.page.messages import CATALOGUE
from voting.pages.languages import Language

STATIC_FOLDER: Final = Path(__file__).with_name("static")
"""The files of the console."""

_TEMPLATE: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
).get_template("console.html")


def render_console(language: Language, static_root: str) -> bytes:
    """Return the console in `language`; `static_root` is the URL of the static files."""
    page = _TEMPLATE.render(
        m=CATALOGUE[language],
        language=language,
        other="en" if language == "es" else "es",
        static=static_root,
    )
    return page.encode()
