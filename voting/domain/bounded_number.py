"""Whole numbers in texts from outside: bounded in length before they are read."""


def read_number(text: str, low: int, high: int) -> int:
    """Return the number in `text`, `low` to `high`, neither of them negative.

    Raises `ValueError` for anything else: a sign, a space, digits of other scripts, more digits
    than `high` has. The length is checked first, as the time to read a number grows with it.
    """
    if len(text) > len(str(high)) or not (text.isascii() and text.isdecimal()):
        raise ValueError("not a whole number, or has too many digits")
    number = int(text)
    if not low <= number <= high:
        raise ValueError(f"not between {low} and {high}")
    return number
