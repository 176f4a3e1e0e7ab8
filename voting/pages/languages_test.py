import pytest

from voting.pages.languages import Language, choose_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("es", "es"),
        ("es-AR,es;q=0.9,en;q=0.8", "es"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,es;q=0.5,en;q=0.4", "es"),
        ("en;q=0.3, ES-mx;q=0.7", "es"),
        ("de, ja", "en"),
        ("es;q=0", "en"),
        ("es;q=much, en;q=0.1", "en"),
        ("estonian, *", "en"),
        ("es;q=inf, en;q=0.9", "en"),
        ("es;q=nan, en;q=0.1", "en"),
        ("es;q=1e5, en;q=0.1", "en"),
        ("es;q=0.5" + "0" * 5000, "en"),
        ("de," * 10_000 + "es", "en"),
    ],
)
def test_the_browser_chooses_the_language(header: str | None, language: Language) -> None:
    assert choose_language(header) == language


@pytest.mark.parametrize(("asked", "language"), [("en", "en"), ("ES", "es"), ("", "es")])
def test_the_voter_may_ask_for_another_language(asked: str, language: Language) -> None:
    assert choose_language("es", asked) == language
