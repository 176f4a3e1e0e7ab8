import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from svc_polls.log import writer
from svc_polls.page.console_page import STATIC_FOLDER, render_console
from svc_polls.page.messages import CATALOGUE
from svc_polls.previews import ruling_previews
from svc_polls.publishing import publisher, stores_check
from voting.polls import changes, ruling_rules
from voting.polls.definition import PollDefinition
from voting.stores import poll_result

EN, ES = CATALOGUE["en"], CATALOGUE["es"]
OWN_ES = {key: text for key, text in ES.items() if not key.startswith("reason: ")}
SCRIPT = "".join(path.read_text() for path in sorted(STATIC_FOLDER.glob("*.js")))
ACTIONS = re.findall(r"(\w+): ", SCRIPT.partition("const KINDS = {")[2].partition("}")[0])
PAGE = (Path(STATIC_FOLDER).parent / "templates" / "console.html").read_text()

REASONS = {key.removeprefix("reason: ") for key in ES.keys() - OWN_ES.keys()}
# Where the texts of reasons are, and two texts that are one reason together.
SOURCES = changes, ruling_rules, writer, publisher, stores_check, ruling_previews, poll_result
LACKS = "the vote log lacks {n} records of partition {n}"
# The functions for the changes that the console offers.
OFFERED = ["_opened", "_closed", "_released", "_revoked", "_published"]
# svc_polls refuses or mends these changes before the rules see them.
NEVER_SHOWN = {
    "a ruling has {n} to {n},{n} ids",
    "a batch has a number from {n} to {n}",
    "its ids are not in ascending order, each once",
    "its reason is not trimmed and normalised",
    "its reason {n}",
    "its time must end after it begins",
    "there is no result in it",
}


def reasons_in(node: ast.AST, module: ModuleType) -> Iterator[str]:
    """Yield all texts in a part of a module as `reason` in words.js looks them up."""
    match node:
        case ast.JoinedStr(parts):
            yield re.sub(r"\d+", "{n}", "".join(_example(part, module) for part in parts))
        case ast.Constant(str(text)):
            yield text
        case _:
            for child in ast.iter_child_nodes(node):
                yield from reasons_in(child, module)


def _example(part: ast.expr, module: ModuleType) -> str:
    match part:
        case ast.FormattedValue(ast.Name(name), format_spec=ast.JoinedStr([ast.Constant(how)])):
            return format(getattr(module, name, 1), str(how))
        case ast.Constant(text):
            return str(text)
        case _:
            return "1"


def refusals(module: ModuleType, functions: list[str] | None = None) -> set[str]:
    """Return for which reasons rules in a module refuse a change."""
    tree = ast.parse(Path(str(module.__file__)).read_text())
    offered = [
        one
        for one in tree.body
        if isinstance(one, ast.FunctionDef) and (functions is None or one.name in functions)
    ]
    assert functions is None or len(offered) == len(functions)
    return {
        reason
        for function in offered
        for raised in ast.walk(function)
        if isinstance(raised, ast.Call) and ast.unparse(raised.func) == "RefusedChangeError"
        for reason in reasons_in(raised, module)
    }


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


def test_each_spanish_reason_is_one_that_the_service_gives() -> None:
    given = {
        reason
        for module in SOURCES
        for reason in reasons_in(ast.parse(Path(str(module.__file__)).read_text()), module)
    }
    assert REASONS - given == {LACKS}
    for reason in REASONS:
        assert reason.count("{n}") == ES[f"reason: {reason}"].count("{n}"), reason


def test_each_refusal_of_what_the_console_offers_is_there_in_spanish() -> None:
    refused = refusals(changes, OFFERED) | refusals(ruling_rules)
    assert refused - REASONS == NEVER_SHOWN


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
