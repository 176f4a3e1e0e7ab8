"""A change to the manifests shows as a change of their rendered output."""

import pytest

from k8s.golden import golden, rendered
from k8s.prometheus_rule import FILE, prometheus_rule
from k8s.rendering import FOLDER

RENEW = "the rendered output has changed: review it after ./bazelw run //k8s:golden"


@pytest.mark.parametrize("title", sorted(rendered()))
def test_the_rendered_output_is_the_reviewed_one(title: str) -> None:
    assert golden(FOLDER / "golden").get(title) == rendered()[title], RENEW


def test_there_is_no_output_of_something_removed() -> None:
    assert golden(FOLDER / "golden").keys() == rendered().keys(), RENEW


def test_the_operators_rules_are_those_of_our_prometheus() -> None:
    assert (FOLDER / FILE).read_text() == prometheus_rule(), RENEW
