"""Polls in a YAML file that can be kept in git; an error names the line and the field.

The field decides what a value is, not YAML's own rules: an album called 1989 and a band called Yes
are texts, and a year is a number.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import yaml

from svc_polls.api.forms import DefinitionForm, InvalidFormError, definition_of, fault_of
from voting.domain.vote import SLUG_RULE, is_slug
from voting.polls.definition import ANSWER_WITHIN_MIN_MS

BYTES_MAX: Final = 16 << 20

_ID_FIELD: Final = "poll"
_NOTHING: Final = {"", "~", "null"}
_UNKNOWN: Final = re.compile(r".*unknown field `(.*)`", re.DOTALL)


class PollFileError(ValueError):
    """A file has a fault; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line


class FilePoll(NamedTuple):
    """A poll in a file."""

    id: str
    form: DefinitionForm
    line: int


class _Value(NamedTuple):
    """A value of a file, and the line of each path in it."""

    value: Any
    lines: dict[str, int]


def read_polls(text: str) -> list[FilePoll]:
    """Return the polls in the documents of a file: each is a poll or a list of polls.

    Raises `PollFileError` for the first fault.
    """
    found: dict[str, FilePoll] = {}
    for node in _nodes(text):
        poll = _poll_of(node)
        if poll.id in found:
            raise PollFileError(poll.line, f"poll {poll.id} appears twice")
        found[poll.id] = poll
    if not found:
        raise PollFileError(1, "there is no poll")
    return list(found.values())


def _nodes(text: str) -> Iterator[yaml.MappingNode]:
    """Yield the polls' nodes."""
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise PollFileError(line, f"aliases like *{event.anchor} are not supported")
        documents = [node for node in yaml.compose_all(text, Loader=yaml.BaseLoader) if node]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = error.problem or "is not YAML"
        raise PollFileError(mark.line + 1 if mark else 1, reason) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise PollFileError(1, f"is not YAML: {error}") from error
    for document in documents:
        nodes = document.value if isinstance(document, yaml.SequenceNode) else [document]
        for node in nodes:
            if not isinstance(node, yaml.MappingNode):
                raise PollFileError(_line(node), "a poll must have fields, like `poll: best-album`")
            yield node


def _poll_of(node: yaml.MappingNode) -> FilePoll:
    fields, lines = _read(node)
    poll_id = fields.pop(_ID_FIELD, None)
    if not isinstance(poll_id, str) or not is_slug(poll_id):
        reason = SLUG_RULE if _ID_FIELD in lines else "is missing"
        raise PollFileError(lines.get(_ID_FIELD, _line(node)), f"{_ID_FIELD}: {reason}")
    try:
        try:
            form = msgspec.convert(fields, DefinitionForm, strict=False)
        except msgspec.ValidationError as error:
            raise fault_of(error) from error
        # The bound on answers is a setting of the service; any serves to check the form.
        definition_of(form, ANSWER_WITHIN_MIN_MS)
    except InvalidFormError as error:
        raise PollFileError(_line_of(error, lines) or _line(node), str(error)) from error
    return FilePoll(poll_id, form, _line(node))


def _read(node: yaml.Node) -> _Value:
    lines: dict[str, int] = {}
    return _Value(_value_of(node, "", lines), lines)


def _value_of(node: yaml.Node, path: str, lines: dict[str, int]) -> Any:
    lines.setdefault(path, _line(node))
    if isinstance(node, yaml.ScalarNode):
        return None if node.style is None and node.value in _NOTHING else node.value
    if isinstance(node, yaml.SequenceNode):
        return [
            _value_of(item, f"{path}[{number}]", lines) for number, item in enumerate(node.value)
        ]
    fields: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise PollFileError(_line(key), "the name of a field must be a text")
        name = key.value
        if name in fields:
            raise PollFileError(_line(key), f"{name}: appears twice")
        inner = f"{path}.{name}" if path else name
        lines[inner] = _line(key)
        fields[name] = _value_of(value, inner, lines)
    return fields


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _line_of(error: InvalidFormError, lines: dict[str, int]) -> int | None:
    """Return the line of a fault's field, or of what it is in."""
    path = error.field
    if unknown := _UNKNOWN.fullmatch(error.reason):
        path = f"{path}.{unknown[1]}" if path else unknown[1]
    while path not in lines and path:
        path = re.sub(r"(?:^|\.)[^.\[]*$|\[\d+\]$", "", path)
    return lines.get(path)
