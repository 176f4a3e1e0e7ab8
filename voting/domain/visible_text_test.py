import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voting.domain.visible_text import has_visible, is_plain, most_marks, without_invisible
from voting.domain.vote import InvalidVoteError, clean_text

KEPT = {
    "ZWNJ in Persian": "می\u200cخواهم",
    "ZWNJ in Persian, after a mark": "نامهٔ\u200cما",
    "ZWNJ in Bengali": "র\u09cd\u200cয",
    "ZWJ in Sinhala": "ක්\u200dෂ",
    "ZWJ in Hindi, at the end": "क्\u200d",
    "family": "👩\u200d👩\u200d👧\u200d👦",
    "profession with a skin tone": "👩🏽\u200d⚕\ufe0f",
    "heart on fire": "❤\ufe0f\u200d🔥",
    "head shaking": "🙂\u200d↔\ufe0f",
    "pride flag": "🏳\ufe0f\u200d🌈",
    "national flag": "🇪🇸",
    "flag of Scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "keycap": "3\ufe0f\u20e3",
    "copyright sign as emoji": "©\ufe0f",
    "ideograph's variant": "葛\U000e0100城",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ\u180b ᠬᠠ\u180eᠰ",
    "combining marks": "x\u0302\u0323",
    "Hebrew": "הַבְּרֵכָה",
    "Arabic": "عمرو دياب",
    "Thai": "คาราบาว",
    "old Hangul": "\u1112\u119e\u11ab",
    "symbols only": "÷",
    "digits only": "1975",
    "punctuation only": "!!!",
    "private use": "\uf8ff",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_characters_that_change_the_look_are_kept(text: str) -> None:
    assert clean_text("name", text) == unicodedata.normalize("NFC", text)


CLEANED = {
    "zero width space": ("Sigur Rós\u200b", "Sigur Rós"),
    "byte order mark": ("\ufeffPink Floyd", "Pink Floyd"),
    "soft hyphen": ("Pink\u00adFloyd", "PinkFloyd"),
    "override": ("\u202edyolF kniP\u202c", "dyolF kniP"),
    "isolates": ("\u2066Pink\u2069 Floyd", "Pink Floyd"),
    "right-to-left mark": ("\u200fعمرو", "عمرو"),
    "hidden by spaces": ("\u200b \u200b Pink Floyd \u2060", "Pink Floyd"),
    "joiner in Latin": ("Pi\u200dnk\u200c", "Pink"),
    "joiners in a row": ("👩\u200d\u200d👧", "👩\u200d👧"),
    "joiner without a second": ("👩\u200d", "👩"),
    "second joiner in Persian": ("می\u200c\u200cخواهم", "می\u200cخواهم"),
    "selector after a letter": ("a\ufe0f\ufe00\U000e0100", "a"),
    "selector after a digit": ("3\ufe0f", "3"),
    "selector twice": ("❤\ufe0f\ufe0f", "❤\ufe0f"),
    "hidden text": ("a" + "".join(chr(0xE0000 + ord(c)) for c in "spam"), "a"),
    "flag that does not end": ("🏴\U000e0067\U000e0062", "🏴"),
    "marks come together": ("e\u200b\u0301", "é"),
    "fillers of Hangul": ("한\u3164글\uffa0", "한글"),
    "annotation": ("a\ufff9b\ufffac\ufffb", "abc"),
}


@pytest.mark.parametrize(("text", "cleaned"), CLEANED.values(), ids=CLEANED)
def test_invisible_characters_are_removed(text: str, cleaned: str) -> None:
    assert clean_text("name", text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "\u200b",
        "\u202e",
        "\u3164",
        "\ufeff",
        "\u115f\u1160",
        "\u2800",
        " \u2800 \u200b",
        "\u3000\u00a0",
        "\u0301",
        "\u200d\ufe0f",
        "\U000e0067\U000e007f",
        "\U0001d159",
    ],
)
def test_a_text_without_anything_visible_is_refused(text: str) -> None:
    with pytest.raises(InvalidVoteError) as caught:
        clean_text("album", text)
    assert caught.value.field == "album"


def test_marks_in_a_row_are_bounded() -> None:
    assert clean_text("name", "x" + "\u0321\u0322\u0327\u0328") == "x\u0321\u0322\u0327\u0328"
    with pytest.raises(
        InvalidVoteError, match="name: must not have more than 4 combining marks in a row"
    ):
        clean_text("name", "x" + "\u0321\u0322\u0327\u0328\u0334")


@pytest.mark.parametrize("text", ["a\u2028b", "é\u2029é"])
def test_line_breaks_are_refused(text: str) -> None:
    with pytest.raises(InvalidVoteError, match="line breaks"):
        clean_text("name", text)


TRICKY = (
    "a é\u0301\u0327 3#\u20e3 ❤👩🏽⚕©🏴🙂↔\ufe0f\ufe0e\ufe00\u200d\u200c\u200b\u202e"
    " می\u064b क\u094d\u093cष ᠮ\u180b\u180e"
    " 葛\U000e0100\U000e0067\U000e0062\U000e0073\U000e007f\u1112\u1160\u3164\u2800\ufff9"
)


@given(st.text(st.sampled_from(TRICKY), max_size=30) | st.text(max_size=30))
@example("\u093c\u094d\ufe00\u093c\u200d")
def test_cleaning_twice_changes_nothing(text: str) -> None:
    try:
        cleaned = clean_text("name", text)
    except InvalidVoteError:
        return
    assert clean_text("name", cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert has_visible(cleaned)


PLAIN = [character for character in map(chr, range(0xD800)) if is_plain(character)]


def test_a_plain_text_passes_the_full_checks_unchanged() -> None:
    assert is_plain("Sigur Rós Ленинград きゃりー 椎名林檎 방탄소년단")
    assert not any(is_plain(c) for c in "\u00ad\u0301\u200b\u2028\u3164\u0000\u0085\u0483")
    for character in PLAIN:
        assert without_invisible(character) == character
        assert most_marks(character) == 0
        assert has_visible(character) is not character.isspace()


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30))
def test_ascii_is_only_trimmed(text: str) -> None:
    if text.strip():
        assert clean_text("name", text) == text.strip()


@pytest.mark.parametrize(
    "text", ["\u0300" * 1300, "👩\u200d" * 600, "\u0334\u200d" * 800, "🏴\U000e0067" * 500]
)
def test_the_worst_text_that_fits_into_a_body_is_checked_quickly(text: str) -> None:
    begin = time.thread_time()
    most_marks(without_invisible(text))
    assert time.thread_time() - begin < 0.1
