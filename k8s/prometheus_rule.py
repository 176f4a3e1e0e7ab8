"""The rules of `base/prometheus/rules.yaml`, as an object for the Prometheus operator."""

import textwrap
from pathlib import Path
from typing import Final

from k8s.rendering import FOLDER

FILE: Final = Path("components/prometheus-operator/rules.yaml")
"""Where it is, from `k8s/`."""

_HEAD: Final = """\
# Made from base/prometheus/rules.yaml: ./bazelw run //k8s:golden
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: voting
spec:
"""


def prometheus_rule() -> str:
    """Return the object's text: the rules, indented."""
    rules = (FOLDER / "base/prometheus/rules.yaml").read_text()
    return _HEAD + textwrap.indent(rules[rules.index("groups:") :], "  ")
