"""Which characters of a text can be seen, by Unicode's own properties. No I/O here.

Two names that look alike on the page must not differ in what nobody sees. What is invisible goes,
except where it changes the look of its neighbours:

- ZERO WIDTH NON-JOINER and JOINER behind a virama (UAX #31, contexts A2 and B), the first also
  between letters of scripts that join as Arabic does (context A1; Python does not know which
  letters join, so all of them count);
- ZERO WIDTH JOINER between pictographs, as in families and professions (UTS #51);
- a variation selector behind what it varies: a symbol's (emoji or text), a keycap's, an
  ideograph's, a Mongolian letter's; MONGOLIAN VOWEL SEPARATOR between Mongolian letters;
- the tags of a flag of a region, complete and behind a black flag (UTS #51).

What is left is kept as it is: letters of every script, combining marks, emoji.
"""

import re
import unicodedata
from typing import Final

# Default_Ignorable_Code_Point of DerivedCoreProperties.txt, Unicode 16.0, which has all of
# Bidi_Control in it; and the interlinear annotation characters, U+FFF9 to U+FFFB.
_IGNORABLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_ZWNJ: Final = "\u200c"
_ZWJ: Final = "\u200d"
_TEXT_OR_EMOJI: Final = "\ufe0e\ufe0f"
_VOWEL_SEPARATOR: Final = "\u180e"
_MONGOLIAN_SELECTORS: Final = "\u180b\u180c\u180d\u180f"
_OTHER_SELECTORS: Final = re.compile("[\ufe00-\ufe0d\U000e0100-\U000e01ef]")
_KEYCAP: Final = "\u20e3"
_SKIN_TONES: Final = re.compile("[\U0001f3fb-\U0001f3ff]")
# What may be an emoji: symbols wherever Unicode has some.
_PICTOGRAPHS: Final = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
# How far a character looks back: no text has more marks in a row.
_REACH: Final = 8

_ANY_IGNORABLE: Final = re.compile(f"[{_IGNORABLE}]")
# A flag of a region is matched first, and so kept.
_NEVER_KEPT: Final = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)"
    f"|(?![\u180b-\u180f{_ZWNJ}{_ZWJ}\ufe00-\ufe0f\U000e0100-\U000e01ef])[{_IGNORABLE}]"
)

# Most names: letters, digits and signs of Latin, Greek, Cyrillic, Japanese, Chinese and Korean, of
# which all can be seen and none is a mark.
_PLAIN: Final = re.compile(
    "[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f"
    "\u3041-\u3096\u30a0-\u30ff\u4e00-\u9fff\uac00-\ud7a3]+"
)

# Letters and symbols that show nothing: the braille pattern without dots, the notehead that is
# none, and the blanks between Egyptian hieroglyphs.
_BLANK: Final = "\u2800\U0001d159\U00013441\U00013442"
_UNSEEN_CATEGORIES: Final = {"Cc", "Cf", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"}
_MARKS: Final = {"Me", "Mn"}
_VIRAMA: Final = 9  # a combining class


def is_plain(text: str) -> bool:
    """Whether a trimmed text needs no closer look; for most it is so, and quickly known."""
    return _PLAIN.fullmatch(text) is not None


def without_invisible(text: str) -> str:
    """Return `text` without what is invisible; for one that is, or was, in Unicode NFC.

    What it returns comes back as it is.
    """
    if not _ANY_IGNORABLE.search(text):
        return text
    text = _NEVER_KEPT.sub(lambda found: found[1] or "", text)
    kept: list[str] = []
    for index, character in enumerate(text):
        if not _ANY_IGNORABLE.match(character) or _shows(
            kept, character, text[index + 1 : index + 2]
        ):
            kept.append(character)
    return "".join(kept)


def has_visible(text: str) -> bool:
    """Whether there is anything to see, marks and blanks alone being nothing."""
    return any(
        unicodedata.category(character) not in _UNSEEN_CATEGORIES
        and character not in _BLANK
        and not _ANY_IGNORABLE.match(character)
        for character in text
    )


def most_marks(text: str) -> int:
    """Return how many combining marks that take no room follow on one another, at the most."""
    most = run = 0
    for character in text:
        run = run + 1 if unicodedata.category(character) in _MARKS else 0
        most = max(most, run)
    return most


def _shows(before: list[str], character: str, after: str) -> bool:
    """Whether an invisible character changes the look of what is kept before and comes after it."""
    if not before:
        return False
    if character == _ZWNJ:
        return _is_letter(after) and (_behind_virama(before) or _between_joining(before, after))
    if character == _ZWJ:
        joins_emoji = _is_pictograph(_base(before)) and _is_pictograph(after)
        return joins_emoji or _behind_virama(before)
    if character in _TEXT_OR_EMOJI:
        base = before[-1]
        return _is_pictograph(base) or (base in "0123456789#*" and after == _KEYCAP)
    if character == _VOWEL_SEPARATOR:
        return _is_mongolian(before[-1]) and _is_mongolian(after)
    if character in _MONGOLIAN_SELECTORS:
        return _is_mongolian(before[-1])
    if _OTHER_SELECTORS.match(character):
        return unicodedata.name(before[-1], "").startswith("CJK UNIFIED")
    return True  # a tag of a flag


def _base(before: list[str]) -> str:
    """Return the last character that is neither an emoji's selector nor its skin tone."""
    for character in before[: -_REACH - 1 : -1]:
        if character not in _TEXT_OR_EMOJI and not _SKIN_TONES.match(character):
            return character
    return ""


def _behind_virama(before: list[str]) -> bool:
    for character in before[: -_REACH - 1 : -1]:
        combining = unicodedata.combining(character)
        if combining == _VIRAMA:
            return True
        if not combining:
            return False
    return False


def _between_joining(before: list[str], after: str) -> bool:
    letters = (c for c in before[: -_REACH - 1 : -1] if unicodedata.category(c) not in _MARKS)
    return _joins(next(letters, "")) and _joins(after)


def _joins(character: str) -> bool:
    # Letters of Arabic, Syriac and their like.
    return _is_letter(character) and unicodedata.bidirectional(character) == "AL"


def _is_letter(character: str) -> bool:
    return character != "" and unicodedata.category(character).startswith("L")


def _is_pictograph(character: str) -> bool:
    return _PICTOGRAPHS.match(character) is not None


def _is_mongolian(character: str) -> bool:
    return unicodedata.name(character, "").startswith("MONGOLIAN LETTER") if character else False
