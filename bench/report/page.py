"""A page of Markdown with a place for what was measured."""

from pathlib import Path

from harness.processes.errors import ServerError


class Page:
    """A page with the lines `<!-- BLOCK -->` and `<!-- /BLOCK -->`, between which figures go.

    A page that does not exist yet will have nothing but them.
    """

    def __init__(self, path: Path, block: str) -> None:
        """Read the page. Raises ServerError when it is there and has no such lines."""
        self._path = path
        self._begin, self._end = f"<!-- {block} -->", f"<!-- /{block} -->"
        self._text = path.read_text(encoding="utf-8") if path.exists() else None
        if self._text is not None and self._end not in self._text.partition(self._begin)[2]:
            raise ServerError(
                f"{path} has no lines {self._begin} and {self._end} to put the figures between"
            )

    def write(self, text: str) -> None:
        """Write the page with this text in its place."""
        if self._text is not None:
            before, _, rest = self._text.partition(self._begin)
            _, _, after = rest.partition(self._end)
            text = f"{before}{self._begin}\n{text}{self._end}{after}"
        self._path.write_text(text, encoding="utf-8")
