"""Which characters of a text are visible, by Unicode's properties. No I/O here.

Two names that look alike on the page must not differ in invisible characters. These are removed,
except where they change the look of their neighbours:

- ZERO WIDTH NON-JOINER and JOINER after a virama (UAX #31, contexts A2 and B), the former also
  between letters of scripts that join like Arabic (context A1; Python cannot tell which letters
  join, so all of them count);
- ZERO WIDTH JOINER between pictographs, as in families and professions (UTS #51);
- a variation selector after what it varies: a symbol (emoji or text), a keycap, an ideograph, a
  Mongolian letter; MONGOLIAN VOWEL SEPARATOR between Mongolian letters;
- the tags of a region's flag, complete and after a black flag (UTS #51).

Everything else is kept: letters of every script, combining marks, emoji.
"""

import re
import unicodedata
from typing import Final

# Default_Ignorable_Code_Point of DerivedCoreProperties.txt, Unicode 16.0, which includes all of
# Bidi_Control; and the interlinear annotation characters, U+FFF9 to U+FFFB.
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
# Possible emoji: all blocks of symbols.
_PICTOGRAPHS: Final = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
# How many characters to look back: no text has more marks in a row.
_REACH: Final = 8

_ANY_IGNORABLE: Final = re.compile(f"[{_IGNORABLE}]")
# A region's flag is matched first, and thus kept.
_NEVER_KEPT: Final = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)"
    f"|(?![\u180b-\u180f{_ZWNJ}{_ZWJ}\ufe00-\ufe0f\U000e0100-\U000e01ef])[{_IGNORABLE}]"
)

# Most names: letters, digits and punctuation of Latin, Greek, Cyrillic, Japanese, Chinese and
# Korean, all of them visible and none a mark.
_PLAIN: Final = re.compile(
    "[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f"
    "\u3041-\u3096\u30a0-\u30ff\u4e00-\u9fff\uac00-\ud7a3]+"
)

# Letters and symbols that are blank: the braille pattern without dots, the null notehead, and the
# blanks between Egyptian hieroglyphs.
_BLANK: Final = "\u2800\U0001d159\U00013441\U00013442"
_UNSEEN_CATEGORIES: Final = {"Cc", "Cf", "Cs", "Mc", "Me", "Mn", "Zl", "Zp", "Zs"}
_MARKS: Final = {"Me", "Mn"}
_VIRAMA: Final = 9  # a combining class


def is_plain(text: str) -> bool:
    """Whether a trimmed text needs no further checks; a fast test that most texts pass."""
    return _PLAIN.fullmatch(text) is not None


def without_invisible(text: str) -> str:
    """Return `text`, which is in Unicode NFC, without its invisible characters.

    Applying it again changes nothing.
    """
    if not _ANY_IGNORABLE.search(text):
        return text
    text = _NEVER_KEPT.sub(lambda found: found[1] or "", text)
    kept: list[str] = []
    for index, character in enumerate(text):
        if not _ANY_IGNORABLE.match(character) or _changes_look(
            kept, character, text[index + 1 : index + 2]
        ):
            kept.append(character)
    return "".join(kept)


def has_visible(text: str) -> bool:
    """Whether a text has anything visible besides marks and blanks."""
    return any(
        unicodedata.category(character) not in _UNSEEN_CATEGORIES
        and character not in _BLANK
        and not _ANY_IGNORABLE.match(character)
        for character in text
    )


def most_marks(text: str) -> int:
    """Return the length of the longest run of non-spacing combining marks."""
    longest = run = 0
    for character in text:
        run = run + 1 if unicodedata.category(character) in _MARKS else 0
        longest = max(longest, run)
    return longest


def _changes_look(before: list[str], character: str, after: str) -> bool:
    """Whether an invisible character changes the look of its neighbours."""
    if not before:
        return False
    if character == _ZWNJ:
        return _is_letter(after) and (_after_virama(before) or _between_joining(before, after))
    if character == _ZWJ:
        joins_emoji = _is_pictograph(_base(before)) and _is_pictograph(after)
        return joins_emoji or _after_virama(before)
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
    """Return the last character that is neither an emoji selector nor a skin tone."""
    for character in before[: -_REACH - 1 : -1]:
        if character not in _TEXT_OR_EMOJI and not _SKIN_TONES.match(character):
            return character
    return ""


def _after_virama(before: list[str]) -> bool:
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
    # Letters of Arabic, Syriac and similar scripts.
    return _is_letter(character) and unicodedata.bidirectional(character) == "AL"


def _is_letter(character: str) -> bool:
    return character != "" and unicodedata.category(character).startswith("L")


def _is_pictograph(character: str) -> bool:
    return _PICTOGRAPHS.match(character) is not None


def _is_mongolian(character: str) -> bool:
    return unicodedata.name(character, "").startswith("MONGOLIAN LETTER") if character else False
