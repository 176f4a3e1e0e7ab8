"""The value of one setting, read from the text of its environment variable."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import inspect

_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_LONGEST_NUMBER: Final = 40  # characters; longer text is not a sensible number and slow to parse


def read_value(kind: inspect.Type, text: str) -> object:
    """Return what `text` means for a setting of this type; raise ValueError naming what is allowed.

    Case does not matter where the values are a fixed set. Types without a reader here are left to
    msgspec: `text` is returned unchanged.
    """
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    reader = _READERS.get(type(kind))
    return text if reader is None else reader(kind, text)


def _read_literal(kind: inspect.LiteralType, text: str) -> object:
    for value in kind.values:
        if str(value).casefold() == text.casefold():
            return value
    raise ValueError(f"must be one of {', '.join(map(str, kind.values))}")


def _read_enum(kind: inspect.EnumType, text: str) -> object:
    return _read_literal(inspect.LiteralType(tuple(member.value for member in kind.cls)), text)


def _read_boolean(_: inspect.BoolType, text: str) -> bool:
    try:
        return _BOOLEANS[text.casefold()]
    except KeyError:
        raise ValueError("must be true or false") from None


def _read_integer(kind: inspect.IntType, text: str) -> int:
    return _read_number(kind, text, int, "a whole number")


def _read_float(kind: inspect.FloatType, text: str) -> float:
    return _read_number(kind, text, float, "a number")


def _read_text(kind: inspect.StrType, text: str) -> str:
    if len(text) < (kind.min_length or 0):
        raise ValueError("must not be empty")
    if kind.pattern is not None and not re.search(kind.pattern, text):
        raise ValueError(f"must match {kind.pattern}")
    return text


def _read_number[N: (int, float)](
    kind: inspect.IntType | inspect.FloatType, text: str, convert: Callable[[str], N], what: str
) -> N:
    reason = f"must be {what}{_range(kind)}"
    try:
        number = convert(text[:_LONGEST_NUMBER])
    except ValueError:
        raise ValueError(reason) from None
    if len(text) > _LONGEST_NUMBER or not math.isfinite(number) or not _within(kind, number):
        raise ValueError(reason)
    return number


def _within(kind: inspect.IntType | inspect.FloatType, number: float) -> bool:
    return (
        (kind.ge is None or number >= kind.ge)
        and (kind.gt is None or number > kind.gt)
        and (kind.le is None or number <= kind.le)
        and (kind.lt is None or number < kind.lt)
    )


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge} to {kind.le}"
    bounds = {"of at least": kind.ge, "above": kind.gt, "of at most": kind.le, "below": kind.lt}
    words = " and ".join(f"{word} {bound}" for word, bound in bounds.items() if bound is not None)
    return f" {words}" if words else ""


_READERS: Final[Mapping[type[inspect.Type], Callable[[Any, str], object]]] = {
    inspect.LiteralType: _read_literal,
    inspect.EnumType: _read_enum,
    inspect.BoolType: _read_boolean,
    inspect.IntType: _read_integer,
    inspect.FloatType: _read_float,
    inspect.StrType: _read_text,
}
