"""Finds links in Markdown that lead nowhere: to a missing file or folder, or a missing heading."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_FENCED = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def links(text: str) -> Iterator[str]:
    """Yield the targets of a page's links and pictures that stay in the repository."""
    prose = _CODE.sub("", _FENCED.sub("", text))
    for target in _LINK.findall(prose):
        if not re.match(r"[a-z]+:", target):
            yield target


def anchors(text: str) -> set[str]:
    """Return the anchors GitHub gives to a page's headings."""
    headings = _HEADING.findall(_FENCED.sub("", text))
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def broken_links(page: Path) -> list[str]:
    """Return the targets in a Markdown file that do not exist."""
    text = page.read_text(encoding="utf-8")
    return [target for target in links(text) if not _exists(target, page)]


def _exists(target: str, page: Path) -> bool:
    path, _, anchor = target.partition("#")
    file = page.parent / path if path else page
    if not file.exists():
        return False
    return not anchor or anchor in anchors(file.read_text(encoding="utf-8"))


def main() -> int:
    """Check every Markdown file that git tracks; return 1 if a link is broken."""
    listed = ["git", "ls-files", "-z", "--", "*.md"]
    files = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
    pages = [page for name in files.split("\0") if name and (page := Path(name)).exists()]
    broken = [f"{page}: {target}" for page in pages for target in broken_links(page)]
    print(*broken, f"{len(pages)} pages, {len(broken)} broken links", sep="\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
