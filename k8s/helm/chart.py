"""The files of the chart that are generated."""

import json
import re
from pathlib import Path
from string import Template
from typing import Any, Final

import yaml

from k8s.helm.additions import claims
from k8s.helm.placeholders import image_title
from k8s.helm.renderings import SWITCHES, objects
from k8s.helm.schema import schema
from k8s.helm.templates import settings, switch, templates
from k8s.rendering import FOLDER, of_kind

CHART: Final = FOLDER / "helm/voting"
BY_HAND: Final = ("_helpers.tpl", "NOTES.txt")
"""Templates that are not generated."""


def chart_files() -> dict[str, str]:
    """Return the text of each generated file, by its path in the chart."""
    return {
        "Chart.yaml": _chart(),
        "values.yaml": values_text(),
        "values.schema.json": json.dumps(
            schema([*map(switch, SWITCHES)], settings(), sizes()), indent=2
        )
        + "\n",
        **{f"templates/{file}": text for file, text in templates().items()},
    }


def write(chart: Path) -> None:
    """Write the generated files, and remove those that are no longer made."""
    made = chart_files()
    for file in (chart / "templates").glob("*"):
        if file.name not in BY_HAND and f"templates/{file.name}" not in made:
            file.unlink()
    for path, text in made.items():
        (chart / path).write_text(text)


def version() -> str:
    """Return the version of the system, which is the chart's."""
    return (FOLDER.parent / "VERSION").read_text().strip()


def sizes() -> dict[str, dict[str, Any]]:
    """Return the sizes of all workloads as production has them."""
    found: dict[str, dict[str, Any]] = {}
    production = [*objects().values()]
    for workload in of_kind(production, "Deployment", "StatefulSet"):
        title = workload["metadata"]["name"]
        container = workload["spec"]["template"]["spec"]["containers"][0]
        found[title] = {"resources": container["resources"]}
        storage = {
            claim["metadata"]["name"]: claim["spec"]["resources"]["requests"]["storage"]
            for claim in workload["spec"].get("volumeClaimTemplates", [])
        }
        if storage:
            found[title]["storage"] = storage if len(storage) > 1 else storage["data"]
    for scaler in of_kind(production, "HorizontalPodAutoscaler"):
        spec = scaler["spec"]
        found[scaler["metadata"]["name"]] |= {
            key: spec[key] for key in ("minReplicas", "maxReplicas")
        }
    for claim in of_kind(production, "PersistentVolumeClaim"):
        (spec,) = claims(claim)
        found[claim["metadata"]["name"]]["storage"] = spec["resources"]["requests"]["storage"]
    found["kafka"]["heap"] = _found(r"-Xmx(\w+)", str(objects()["StatefulSet/kafka"]))
    found["mongodb"]["cacheGB"] = float(
        _found(r"wiredTigerCacheSizeGB=([\d.]+)", str(objects()["StatefulSet/mongodb"]))
    )
    return dict(sorted(found.items()))


def values_text() -> str:
    """Return the values, which are production's, with their comments."""
    annotations = objects("rate-limit")["Ingress/votes-grpc"]["metadata"]["annotations"]
    limits = {
        key.rpartition("/")[2]: int(value) for key, value in annotations.items() if "limit" in key
    }
    policy = objects()["NetworkPolicy/entry"]["spec"]["ingress"][0]["from"][0]
    template = (FOLDER / "helm/values.template").read_text()
    return Template(template).substitute(
        version=version(),
        references=_yaml({"references": _references()}, 2),
        namespaces=_yaml(
            {"namespaces": policy["namespaceSelector"]["matchExpressions"][0]["values"]}, 2
        ),
        share=objects()["ConfigMap/vote-split"]["data"]["grpc"],
        limit=_yaml(
            {"perSecond": limits["limit-rps"], "burstSeconds": limits["limit-burst-multiplier"]}, 2
        ),
        components="\n".join(
            f"  # {_purpose(component)}\n  {switch(component)}: false" for component in SWITCHES
        ),
        sizes=_yaml({"sizes": sizes()}, 0),
    )


def _chart() -> str:
    return (
        "# Made by ./bazelw run //k8s:golden.\n"
        "apiVersion: v2\n"
        "name: voting\n"
        "description: A voting system for live events\n"
        "type: application\n"
        f"version: {version()}\n"
        f'appVersion: "{version()}"\n'
        'kubeVersion: ">=1.34.0-0"\n'
    )


def _references() -> dict[str, str]:
    """Return the third parties' images of production, without the digest to replace."""
    pods = [
        workload["spec"]["template"]["spec"]["containers"][0]["image"]
        for workload in of_kind([*objects().values()], "Deployment", "StatefulSet")
    ]
    titled = {image_title(image): image.partition("@")[0] for image in pods}
    return {title: titled[title] for title in sorted(titled) if not title.startswith("svc_")}


def _purpose(component: str) -> str:
    """Return the first sentence of the component's own file."""
    text = (FOLDER / "components" / component / "kustomization.yaml").read_text()
    comment = " ".join(
        line.removeprefix("#").strip() for line in text.splitlines() if line[:1] == "#"
    )
    return re.split(r"(?<=[.:]) ", comment)[0].rstrip(".:")


def _yaml(data: Any, indent: int) -> str:
    text = yaml.safe_dump(data, sort_keys=False, width=110)
    return "\n".join(" " * indent + line for line in text.splitlines())


def _found(pattern: str, text: str) -> str:
    (found,) = set(re.findall(pattern, text))
    return str(found)
