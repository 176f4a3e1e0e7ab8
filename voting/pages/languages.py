"""The languages of the pages, and how one is chosen."""

import re
from typing import Final, Literal, get_args

Language = Literal["en", "es"]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

# Only this many languages of a header are read; browsers send a handful.
RANGES_MAX: Final = 20
_QVALUE: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")  # RFC 9110, section 12.4.2


def choose_language(accept_language: str | None, asked: str | None = None) -> Language:
    """Return the `asked` language if it is one of ours.

    Else the one that an `Accept-Language` header (RFC 9110) prefers, else English.
    """
    for language in LANGUAGES:
        if asked == language:
            return language
    best: Language = "en"
    best_quality = 0.0
    for part in (accept_language or "").split(",", RANGES_MAX)[:RANGES_MAX]:
        tag, _, parameter = part.partition(";")
        quality = _quality(parameter)
        for language in LANGUAGES:
            if quality > best_quality and tag.strip().lower().partition("-")[0] == language:
                best, best_quality = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    return float(value) if _QVALUE.fullmatch(value.strip()) else 0.0
