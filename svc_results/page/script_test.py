"""The scripts use only what browsers of early 2021 support: Chrome 87, Firefox 78, Safari 14.1.

Without a JavaScript parser, this is a list of newer features, not a proof: a script must contain
none of them outside its strings and comments. Optional chaining, which these browsers just
support, is on the list, too, to keep the patterns simple.
"""

import re
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent / "static").glob("*.js"))

NEWER = {
    "optional chaining, nullish coalescing, logical assignment": r"\?\.(?!\d)|\?\?|\|\|=|&&=",
    "private names and static members": r"\.#[a-z]|^\s*#[a-z]|^\s*static\b",
    "top-level await": r"^await\b",
    "look-behind": r"\(\?<[=!]",
    "numbers with separators of letters or bigints": r"\b\d+n\b",
    "newer methods": r"\.(at|findLast|replaceAll|replaceChildren|hasOwn|toSorted|groupBy)\(",
    "newer functions": r"\b(structuredClone|AbortSignal|randomUUID|reportError|BroadcastChannel)\b",
    "import attributes": r"\bwith \{",
}


def bare(script: str) -> str:
    """Return a script without its comments and the contents of its strings."""
    script = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", script, flags=re.DOTALL)
    return re.sub(r'"[^"\n]*"', '""', script)


@pytest.mark.parametrize("what", NEWER)
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_uses_no_newer_feature(path: Path, what: str) -> None:
    assert not re.search(NEWER[what], bare(path.read_text()), re.MULTILINE)


@pytest.mark.parametrize(
    ("what", "script"),
    [
        ("optional chaining, nullish coalescing, logical assignment", "a?.b"),
        ("optional chaining, nullish coalescing, logical assignment", "a ?? b"),
        ("private names and static members", "this.#count"),
        ("look-behind", "/(?<=a)b/"),
        ("newer methods", "list.at(-1)"),
        ("newer functions", "AbortSignal.timeout(1)"),
    ],
)
def test_the_patterns_find_newer_features(what: str, script: str) -> None:
    assert re.search(NEWER[what], bare(script))
