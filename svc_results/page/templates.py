"""The templates of the pages; everything put into them is escaped."""

from pathlib import Path
from typing import Final

import jinja2

TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
