"""One template of several texts."""

import pytest

from k8s.helm.merging import MergeError, merge


def test_what_nothing_changes_stays_as_it_is() -> None:
    assert merge(["a", "b"], {}) == ["a", "b"]


def test_added_lines_appear_with_their_condition() -> None:
    assert merge(["a", "c"], {".x": ["a", "b", "c"]}) == [
        "a",
        "{{- if .x }}",
        "b",
        "{{- end }}",
        "c",
    ]


def test_removed_lines_appear_without_it() -> None:
    assert merge(["a", "b"], {".x": ["a"]}) == ["a", "{{- if not .x }}", "b", "{{- end }}"]


def test_replaced_lines_have_both_forms() -> None:
    merged = merge(["a", "b"], {".x": ["a", "c"]})
    assert merged == ["a", "{{- if .x }}", "c", "{{- else }}", "b", "{{- end }}"]


def test_two_conditions_add_their_own_lines_at_one_place() -> None:
    merged = merge(["a"], {".x": ["a", "b"], ".y": ["a", "c"]})
    assert merged == ["a", "{{- if .x }}", "b", "{{- end }}", "{{- if .y }}", "c", "{{- end }}"]


def test_of_two_conditions_that_replace_the_same_lines_the_first_wins() -> None:
    assert merge(["a"], {".x": ["b"], ".y": ["c"]}) == [
        *("{{- if .x }}", "b", "{{- else if .y }}", "c"),
        *("{{- else }}", "a", "{{- end }}"),
    ]


def test_two_conditions_that_replace_overlapping_lines_are_an_error() -> None:
    with pytest.raises(MergeError, match=r"\.y changes lines that another one changes, too"):
        merge(["a", "b", "c"], {".x": ["x", "c"], ".y": ["a", "y"]})
