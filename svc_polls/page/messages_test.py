import re
from pathlib import Path

import pytest

from svc_polls.page.console_page import STATIC_FOLDER, render_console
from svc_polls.page.messages import CATALOGUE
from voting.polls.definition import PollDefinition

EN, ES = CATALOGUE["en"], CATALOGUE["es"]
OWN_ES = {key: text for key, text in ES.items() if not key.startswith("reason: ")}
SCRIPT = "".join(path.read_text() for path in sorted(STATIC_FOLDER.glob("*.js")))
ACTIONS = re.findall(r"(\w+): ", SCRIPT.partition("const KINDS = {")[2].partition("}")[0])
PAGE = (Path(STATIC_FOLDER).parent / "templates" / "console.html").read_text()


def test_each_text_is_there_in_each_language_with_the_same_blanks() -> None:
    assert EN.keys() == OWN_ES.keys()
    for key, text in EN.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", ES[key])), key


def test_each_text_that_the_script_names_exists() -> None:
    named = set(re.findall(r'phrase\("(\w+)"', SCRIPT))
    assert named
    assert named <= EN.keys()


@pytest.mark.parametrize("key", EN)
def test_each_text_is_used(key: str) -> None:
    stem = key.partition("_")[0]
    assert f"m.{key} " in PAGE or f'"{key}"' in SCRIPT or f"`{stem}_$" in SCRIPT or key in ACTIONS


def test_each_field_of_a_definition_has_a_word() -> None:
    words = {key.removeprefix("field_") for key in EN if key.startswith("field_")}
    assert words == set(PollDefinition.__struct_fields__)


def test_the_page_has_no_script_of_its_own() -> None:
    page = render_console("es", "/static/1").decode()
    assert '<html lang="es">' in page
    scripts = re.findall(r"<script ([^>]*)>", page)
    assert scripts == [
        'type="application/json" id="messages"',
        'type="module" src="/static/1/console.js"',
    ]
    assert not re.search(r"\son\w+=|\sstyle=", page)
