import pytest

from voting.pages.numbers import format_number, format_percent


@pytest.mark.parametrize(
    ("number", "digits", "english", "spanish"),
    [
        (0, 0, "0", "0"),
        (1234, 0, "1,234", "1234"),
        (12345, 0, "12,345", "12.345"),
        (1234567.89, 1, "1,234,567.9", "1.234.567,9"),
        (49.95, 2, "49.95", "49,95"),
    ],
)
def test_numbers_are_formatted_for_the_language(
    number: float, digits: int, english: str, spanish: str
) -> None:
    assert format_number("en", number, digits) == english
    assert format_number("es", number, digits) == spanish


def test_a_percentage_has_a_space_in_spanish() -> None:
    assert format_percent("en", 51.69) == "51.7%"
    assert format_percent("es", 51.69) == "51,7\N{NO-BREAK SPACE}%"
