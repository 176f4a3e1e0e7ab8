"""Albums that a reader may take for one another. No I/O here.

They are different albums and all of them count. To merge them would be to decide what voters
meant; an organiser who sees them can.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from voting.domain.tally import Album, AlbumTally
from voting.domain.visible_text import without_invisible

# Cyrillic and Greek letters, each beside the Latin one that Unicode's confusables.txt (UTS #39) has
# for it: those with which Latin names are imitated, not all of its 6,000 lines.
_CYRILLIC: Final = "АВСЕНІЈКМОРЅТХҮԌԚԜаеорсухіјѕһԁԛԝѵү"
_LATIN_FOR_CYRILLIC: Final = "ABCEHIJKMOPSTXYGQWaeopcyxijshdqwvy"
_GREEK: Final = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορ"
_LATIN_FOR_GREEK: Final = "ABEZHIKMNOPTYXavop"
_LATIN: Final = str.maketrans(_CYRILLIC + _GREEK, _LATIN_FOR_CYRILLIC + _LATIN_FOR_GREEK)
# Once case is gone: letters whose capitals look alike, and what looks like an l or an o.
_SAME: Final = str.maketrans("вкмнтεζηικμτυχ1|iı0", "bkmhtezhlkmtyxllllo")


def twins(albums: Mapping[Album, AlbumTally]) -> list[list[Album]]:
    """Return the groups of albums that look alike, each with the one of most votes first.

    Groups with the most votes come first. Two albums look alike when only case, white space,
    compatible forms or letters of another script tell them apart, and their years are the same.
    """
    groups: dict[Album, list[Album]] = defaultdict(list)
    for name, album, year in albums:
        groups[skeleton(name), skeleton(album), year].append((name, album, year))
    found = [group for group in groups.values() if len(group) > 1]
    for group in found:
        group.sort(key=lambda album: (-albums[album].votes, album))
    return sorted(found, key=lambda group: (-sum(albums[a].votes for a in group), group))


def skeleton(text: str) -> str:
    """Return what a text comes down to for a reader; for comparison only, not to be shown."""
    text = without_invisible(unicodedata.normalize("NFKC", text)).translate(_LATIN)
    folded = unicodedata.normalize("NFKC", text.casefold()).translate(_SAME)
    return " ".join(folded.split())
