"""The code and the vectors on the page about voters' tokens must hold."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path("docs/voter-tokens.md").read_text(encoding="utf-8")
VECTORS: list[dict[str, Any]] = json.loads(
    Path("voting/voters/vectors.json").read_text(encoding="ascii")
)
CODE = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
FIRST = VECTORS[0]


def assigned(text: str) -> dict[str, Any]:
    variables: dict[str, Any] = {}
    exec(compile(text, "docs/voter-tokens.md", "exec"), variables)
    return variables


def test_the_code_gives_the_first_vector() -> None:
    found = assigned(CODE)
    assert found["tag_key"].hex() == FIRST["tag_key"]
    assert found["id_key"].hex() == FIRST["id_key"]
    assert found["token"] == FIRST["token"]
    assert found["vote_id"] == FIRST["id"]
    assert found["code_key"].hex() == FIRST["code_key"]
    assert found["code"] == FIRST["code"]


def test_the_code_imports_the_standard_library_only() -> None:
    modules = set(re.findall(r"^(?:from|import) (\w+)", CODE, re.MULTILINE))
    assert modules == {"base64", "hashlib", "uuid"}


@pytest.mark.parametrize("vector", VECTORS)
def test_the_page_shows_each_vector(vector: dict[str, Any]) -> None:
    number, nonce, scope = vector["key_number"], vector["nonce"], vector["scope"]
    of_keys = (
        f"| `{vector['master_key']}` | {scope} | `{vector['tag_key']}` | `{vector['id_key']}` |"
    )
    of_token = f"| {number} | {scope} | `{nonce}` | `{vector['token']}` |"
    of_id = f"| `{vector['token']}` | {vector['poll']} | {vector['place']} | `{vector['id']}` |"
    of_code_key = f"| `{vector['master_key']}` | {scope} | `{vector['code_key']}` |"
    of_code = (
        f"| `{vector['code_key'][:8]}…` | {vector['code_class']} | {vector['batch']} "
        f"| {vector['serial']} | `{vector['code']}` |"
    )
    for row in (of_keys, of_token, of_id, of_code_key, of_code):
        assert row in PAGE
