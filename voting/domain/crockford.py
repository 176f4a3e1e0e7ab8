"""Numbers as Crockford's base32: digits that people can read aloud, type and mistype."""

import re
from typing import Final

DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

# What people may type: either case, letters that look like digits, any blanks and dashes.
_BETWEEN: Final = re.compile(r"[\s_\-\u2010-\u2015\u2212]+")
_TYPED: Final = re.compile(r"[0-9A-TV-Za-tv-z]+", re.ASCII)
_TYPED_MAX: Final = 64
_VALUES: Final = str.maketrans(
    DIGITS + DIGITS.lower() + "OoIiLl",
    "0123456789abcdefghijklmnopqrstuv" + "0123456789abcdefghijklmnopqrstuv" + "001111",
)


def read_digits(text: str, count: int) -> int | None:
    """Return the number of so many digits, however it was typed; None if it is none."""
    if len(text) > _TYPED_MAX:
        return None
    typed = _BETWEEN.sub("", text)
    if len(typed) != count or not _TYPED.fullmatch(typed):
        return None
    return int(typed.translate(_VALUES), 32)
