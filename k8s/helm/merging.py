"""Makes one template of several texts: each difference becomes a block of its condition."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple


class MergeError(Exception):
    """Two conditions change the same lines in different ways."""


class _Hunk(NamedTuple):
    """What a condition makes of the lines from `start` to `end`."""

    start: int
    end: int
    condition: str
    lines: Sequence[str]


def merge(base: Sequence[str], variants: Mapping[str, Sequence[str]]) -> list[str]:
    """Return lines that render to `base`, and to a variant when its condition holds.

    Where two conditions replace the same lines, the first one wins. Raises MergeError when
    they replace lines that overlap otherwise.
    """
    hunks = sorted(
        (hunk for condition, lines in variants.items() for hunk in _hunks(base, condition, lines)),
        key=lambda hunk: (hunk.start, hunk.end),
    )
    merged: list[str] = []
    done = 0
    while hunks:
        first = hunks[0]
        same = [h for h in hunks if (h.start, h.end) == (first.start, first.end)]
        hunks = hunks[len(same) :]
        if first.start < done:
            raise MergeError(f"{first.condition} changes lines that another one changes, too")
        merged += base[done : first.start]
        merged += _blocks(base[first.start : first.end], same)
        done = first.end
    return [*merged, *base[done:]]


def when(condition: str, lines: Sequence[str]) -> list[str]:
    """Return lines that appear when the condition holds; always, if it is empty."""
    return [f"{{{{- if {condition} }}}}", *lines, "{{- end }}"] if condition else [*lines]


def _hunks(base: Sequence[str], condition: str, lines: Sequence[str]) -> list[_Hunk]:
    matcher = SequenceMatcher(None, base, lines, autojunk=False)
    return [
        _Hunk(i1, i2, condition, lines[j1:j2])
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    ]


def _blocks(replaced: Sequence[str], hunks: Sequence[_Hunk]) -> list[str]:
    if not replaced:  # each inserts its own
        return [line for hunk in hunks for line in when(hunk.condition, hunk.lines)]
    if len(hunks) == 1 and not hunks[0].lines:
        return when(f"not {hunks[0].condition}", replaced)
    blocks: list[str] = []
    for number, hunk in enumerate(hunks):
        blocks += [f"{{{{- {'else if' if number else 'if'} {hunk.condition} }}}}", *hunk.lines]
    return [*blocks, "{{- else }}", *replaced, "{{- end }}"]
