"""Parses whole numbers in untrusted text, with a bound on their length."""


def read_number(text: str, low: int, high: int) -> int:
    """Return the number in `text`, `low` to `high`, neither of them negative.

    Raises `ValueError` for anything else: a sign, a space, digits of other scripts, more digits
    than `high` has. The length is checked first, because parsing takes longer for longer numbers.
    """
    if len(text) > len(str(high)) or not (text.isascii() and text.isdecimal()):
        raise ValueError("not a whole number, or has too many digits")
    number = int(text)
    if not low <= number <= high:
        raise ValueError(f"not between {low} and {high}")
    return number
