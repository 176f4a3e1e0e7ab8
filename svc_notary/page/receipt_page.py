"""Renders the page of a receipt; it has no script."""

from http import HTTPStatus
from pathlib import Path
from typing import Final

import jinja2

from svc_notary.page.receipt_words import RECEIPT_WORDS
from svc_notary.receipts.receipt import Receipt, Status
from voting.pages.languages import LANGUAGES, Language
from voting.pages.numbers import format_number

PAGES: Final = "/receipts"
"""Where the pages are."""

STATIC_FOLDER: Final = Path(__file__).with_name("static")

_PROBLEMS: Final = {
    HTTPStatus.NOT_FOUND: "not_there",
    HTTPStatus.UNPROCESSABLE_ENTITY: "wrong_id",
}
_TEMPLATE: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
).get_template("receipt.html")


def render_receipt(language: Language, receipt: Receipt, static: str) -> str:
    """Return the page of a receipt; `static` is the URL of its static files."""
    words, proof = RECEIPT_WORDS[language], receipt.proof
    ruling = receipt.exclusion.ruling if receipt.exclusion else 0
    if receipt.status is Status.NOT_COUNTED:
        said = words["not_counted"]
    elif proof is None:
        said = words[f"{receipt.status}_soon"].format(ruling=ruling)
    else:
        number, of = (format_number(language, count) for count in (proof.number, proof.of))
        said = words[receipt.status].format(
            number=number, of=of, part=receipt.partition, ruling=ruling
        )
    return _render(
        language,
        static,
        kind=receipt.status,
        said=said,
        hint="" if proof else words["soon_hint"],
        receipt=receipt,
        signed=proof is not None and "\n\n" in proof.checkpoint,
    )


def render_no_receipt(language: Language, status: HTTPStatus, static: str) -> str:
    """Return the page that says why there is no receipt."""
    words = RECEIPT_WORDS[language]
    problem = _PROBLEMS.get(status, "unavailable")
    hint = words["not_there_hint"] if problem == "not_there" else ""
    return _render(language, static, kind="none", said=words[problem], hint=hint, receipt=None)


def _render(language: Language, static: str, **values: object) -> str:
    other = next(one for one in LANGUAGES if one != language)
    words = RECEIPT_WORDS[language]
    return _TEMPLATE.render(language=language, other=other, m=words, static=static, **values)
