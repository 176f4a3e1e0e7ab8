"""Finds albums that a reader may take for one another. No I/O here.

They are different albums and all of them count. Merging them would mean deciding what voters meant,
which is up to the organiser.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from voting.domain.tally import Album, AlbumTally
from voting.domain.visible_text import without_invisible

# Cyrillic and Greek letters with their Latin counterparts in Unicode's confusables.txt (UTS #39):
# those used to imitate Latin names, not all of its 6,000 lines.
_CYRILLIC: Final = "АВСЕНІЈКМОРЅТХҮԌԚԜаеорсухіјѕһԁԛԝѵү"
_LATIN_FOR_CYRILLIC: Final = "ABCEHIJKMOPSTXYGQWaeopcyxijshdqwvy"
_GREEK: Final = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορ"
_LATIN_FOR_GREEK: Final = "ABEZHIKMNOPTYXavop"
_LATIN: Final = str.maketrans(_CYRILLIC + _GREEK, _LATIN_FOR_CYRILLIC + _LATIN_FOR_GREEK)
# After case folding: letters whose capitals look alike, and characters that look like l or o.
_SAME: Final = str.maketrans("вкмнтεζηικμτυχ1|iı0", "bkmhtezhlkmtyxllllo")


def twins(albums: Mapping[Album, AlbumTally]) -> list[list[Album]]:
    """Return the groups of albums that look alike; the one with the most votes leads its group.

    Groups with the most votes come first. Two albums of the same year look alike when they differ
    only in case, white space, compatibility forms or letters of another script.
    """
    groups: dict[Album, list[Album]] = defaultdict(list)
    for name, album, year in albums:
        groups[skeleton(name), skeleton(album), year].append((name, album, year))
    found = [group for group in groups.values() if len(group) > 1]
    for group in found:
        group.sort(key=lambda album: (-albums[album].votes, album))
    return sorted(found, key=lambda group: (-sum(albums[a].votes for a in group), group))


def skeleton(text: str) -> str:
    """Return the form of a text that look-alikes share; for comparison only, not for display."""
    text = without_invisible(unicodedata.normalize("NFKC", text)).translate(_LATIN)
    folded = unicodedata.normalize("NFKC", text.casefold()).translate(_SAME)
    return " ".join(folded.split())
