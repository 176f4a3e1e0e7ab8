import re
from collections.abc import Mapping

import pytest

from svc_results.page.messages import CATALOGUE, Messages, format_speed
from svc_results.page.poll_messages import POLL_CATALOGUE, VOTER_CATALOGUE
from svc_results.page.result_words import RESULT_CATALOGUE
from voting.pages.form_words import FORM_WORDS
from voting.pages.languages import Language
from voting.voters.token import TOKEN_LENGTH


@pytest.mark.parametrize(
    "catalogue", [CATALOGUE, POLL_CATALOGUE, VOTER_CATALOGUE, RESULT_CATALOGUE, FORM_WORDS]
)
def test_every_language_has_every_message_with_the_same_placeholders(
    catalogue: Mapping[Language, Messages],
) -> None:
    def gaps(language: Language) -> dict[str, list[str]]:
        words = catalogue[language]
        return {key: sorted(re.findall(r"{(\w+)}", text)) for key, text in words.items()}

    assert gaps("en") == gaps("es")


@pytest.mark.parametrize("language", VOTER_CATALOGUE)
def test_a_ticket_is_not_said_to_be_a_person(language: Language) -> None:
    assert not re.search(r"\bpersona?\b", " ".join(VOTER_CATALOGUE[language].values()))
    assert str(TOKEN_LENGTH) in VOTER_CATALOGUE[language]["bad_code"]


def test_slow_rates_have_a_decimal_and_unknown_ones_are_a_dash() -> None:
    rates = [None, 0, 0.3, 9.94, 9.96, 1234.5]
    shown = [format_speed("en", rate) for rate in rates]
    assert shown == ["–", "0", "0.3", "9.9", "10", "1,234"]
