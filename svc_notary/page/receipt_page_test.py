import re
from http import HTTPStatus

import msgspec
import pytest

from harness.testing.contrast import TEXT, contrast
from svc_notary.page.receipt_page import STATIC_FOLDER, render_no_receipt, render_receipt
from svc_notary.page.receipt_words import RECEIPT_WORDS
from svc_notary.receipts.receipt import Exclusion, Proof, Status
from svc_notary.testing.examples import RECEIPT
from voting.pages.languages import Language


def test_the_languages_have_the_same_words() -> None:
    def gaps(words: dict[str, str]) -> dict[str, list[str]]:
        return {key: sorted(re.findall(r"{(\w+)}", text)) for key, text in words.items()}

    assert gaps(dict(RECEIPT_WORDS["en"])) == gaps(dict(RECEIPT_WORDS["es"]))


def test_it_says_the_number_of_the_vote() -> None:
    page = render_receipt("en", RECEIPT, "/s")
    assert "Your vote is number 4,711,023 of 9,200,114 in part 3 of the record: counted." in page
    assert RECEIPT_WORDS["en"]["how_key"] in page
    assert f'href="/api/receipts/{RECEIPT.id}"' in page
    page = render_receipt("es", RECEIPT, "/s")
    assert (
        "Tu voto es el número 4.711.023 de 9.200.114 en la parte 3 del registro: contado." in page
    )


def test_texts_of_a_vote_are_escaped() -> None:
    assert "<b>" not in render_receipt("en", RECEIPT, "/s")


def test_it_does_not_promise_more_than_there_is() -> None:
    soon = render_receipt("en", msgspec.structs.replace(RECEIPT, proof=None), "/s")
    assert "Your vote is counted." in soon
    assert "load this page again" in soon
    assert RECEIPT_WORDS["en"]["how"] not in soon
    unsigned = msgspec.structs.replace(RECEIPT, proof=Proof(1, 2, [], "unsigned/3\n2\nroot\n"))
    assert RECEIPT_WORDS["en"]["unsigned"] in render_receipt("en", unsigned, "/s")
    late = msgspec.structs.replace(RECEIPT, status=Status.NOT_COUNTED)
    assert "This vote does not count" in render_receipt("en", late, "/s")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            "in part 3 of the record, and does not count: the organisers excluded it by ruling 2.",
        ),
        ("es", "registro y no cuenta: la organización lo excluyó con la resolución 2."),
    ],
)
def test_an_excluded_vote_is_recorded_and_says_why(language: Language, said: str) -> None:
    excluded = msgspec.structs.replace(
        RECEIPT, status=Status.EXCLUDED, exclusion=Exclusion(2, "<i>Bots</i>")
    )
    page = render_receipt(language, excluded, "/s")
    assert said in page
    assert "&lt;i&gt;Bots&lt;/i&gt;" in page
    soon = render_receipt(language, msgspec.structs.replace(excluded, proof=None), "/s")
    assert RECEIPT_WORDS[language]["excluded_soon"].format(ruling=2) in soon


@pytest.mark.parametrize(
    ("status", "key"),
    [
        (HTTPStatus.NOT_FOUND, "not_there"),
        (HTTPStatus.UNPROCESSABLE_ENTITY, "wrong_id"),
        (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    ],
)
def test_it_says_why_there_is_no_receipt(status: HTTPStatus, key: str) -> None:
    assert RECEIPT_WORDS["es"][key] in render_no_receipt("es", status, "/s")


@pytest.mark.parametrize("theme", [0, 1])
def test_text_can_be_read(theme: int) -> None:
    style = (STATIC_FOLDER / "receipt.css").read_text()
    found = re.findall(r"--(\w+): light-dark\((#\w{6}), (#\w{6})\)", style)
    colours = {name: pair[theme] for name, *pair in found}
    for text in ("ink", "quiet", "good", "bad"):
        assert contrast(colours[text], colours["ground"]) >= TEXT
