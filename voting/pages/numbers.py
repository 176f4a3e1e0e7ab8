"""Numbers as each language writes them."""

from voting.pages.languages import Language


def format_number(language: Language, number: float, digits: int = 0) -> str:
    """Return a number as the language writes it, as `Intl.NumberFormat` does in the browser."""
    plain = f"{number:,.{digits}f}"
    if language == "en":
        return plain
    # Spanish groups from five digits on (RAE, Ortografía, "los números de más de cuatro cifras").
    if abs(number) < 10_000:
        plain = plain.replace(",", "")
    return plain.translate(str.maketrans(",.", ".,"))


def format_percent(language: Language, percent: float, digits: int = 1) -> str:
    """Return a percentage as the language writes it, as `Intl.NumberFormat` does in the browser."""
    space = "" if language == "en" else "\N{NO-BREAK SPACE}"
    return f"{format_number(language, percent, digits)}{space}%"
