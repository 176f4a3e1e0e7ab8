"""Puts placeholders where the chart's values go, and turns them into Helm's expressions."""

import copy
import re
from typing import Any, Final

import yaml

from k8s.helm.renderings import settings_of
from k8s.rendering import Manifest, name

_VALUE: Final = re.compile(r"'?@@ (.*?) @@'?")
_BLOCK: Final = re.compile(r"^(\s*)(.*?)'?@\{ (.*?) \}@'?", re.MULTILINE)


def value(expression: str) -> str:
    """Return the placeholder of a single value."""
    return f"@@ {expression} @@"


def block(expression: str) -> str:
    """Return the placeholder of an object or a list, which the expression writes as YAML."""
    return f"@{{ {expression} }}@"


def size(title: str, *path: str) -> str:
    """Return the expression for a size of a workload."""
    return ".".join([f'(index .Values.sizes "{title}")', *path])


def with_placeholders(manifest: Manifest) -> Manifest:
    """Return a copy of an object of production in which values have their placeholders."""
    changed = copy.deepcopy(manifest)
    changed["metadata"]["namespace"] = value(".Release.Namespace")
    title = changed["metadata"]["name"]
    match changed["kind"]:
        case "Deployment" | "StatefulSet":
            _workload(changed, title)
        case "Job":
            changed["metadata"]["name"] = f"{title}-{value('.Release.Revision')}"
            _pod(changed)
        case "HorizontalPodAutoscaler":
            for key in ("minReplicas", "maxReplicas"):
                changed["spec"][key] = value(size(_sized_as(title), key))
        case "ScaledObject":
            changed["spec"]["minReplicaCount"] = value(size(title, "minReplicas"))
            changed["spec"]["maxReplicaCount"] = value(size(title, "maxReplicas"))
            for trigger in changed["spec"]["triggers"]:
                servers = trigger["metadata"]["bootstrapServers"]
                trigger["metadata"]["bootstrapServers"] = re.sub(
                    r"\.voting:", f".{value('.Release.Namespace')}:", servers
                )
        case "PersistentVolumeClaim":
            changed["spec"]["resources"]["requests"]["storage"] = value(size(title, "storage"))
            changed["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
        case "Certificate" if names := changed["spec"].get("dnsNames"):
            inside = f".{value('.Release.Namespace')}.svc."
            changed["spec"]["dnsNames"] = [each.replace(".voting.svc.", inside) for each in names]
        case "RoleBinding":
            changed["subjects"][0]["namespace"] = value(".Release.Namespace")
        case _:
            _entry(changed)
    return changed


def text(manifest: Manifest) -> list[str]:
    """Return the lines of a template for an object with placeholders."""
    dumped: str = yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, width=10_000)
    escaped = dumped.replace("{{", '{{ "{{" }}')
    blocks = _BLOCK.sub(
        lambda found: (
            f"{found[1]}{found[2].rstrip()} {{{{- {found[3]} | nindent {len(found[1]) + 2} }}}}"
        ),
        escaped,
    )
    return _VALUE.sub(lambda found: f"{{{{ {found[1]} }}}}", blocks).splitlines()


def image_title(reference: str) -> str:
    """Return the title under which the values have an image."""
    title = re.sub(r"^.*/|[:@].*$", "", reference)
    return "mongodb" if title == "mongo" else title


def _workload(workload: Manifest, title: str) -> None:
    spec = workload["spec"]
    pod = spec["template"]["spec"]
    _pod(workload)
    for container in pod.get("initContainers", []) + pod["containers"]:
        container["resources"] = block(f"toYaml {size(_sized_as(title), 'resources')}")
        for variable in container.get("env", []):
            if variable["name"] == "KAFKA_HEAP_OPTS":
                heap = value(size("kafka", "heap"))
                variable["value"] = f"-Xms{heap} -Xmx{heap}"
        if "args" in container:
            cache = f"--wiredTigerCacheSizeGB={value(size('mongodb', 'cacheGB'))}"
            container["args"] = [
                cache if argument.startswith("--wiredTigerCacheSizeGB=") else argument
                for argument in container["args"]
            ]
    for claim in spec.get("volumeClaimTemplates", []):
        where = size(title, "storage", *([claim["metadata"]["name"]] if title == "kafka" else []))
        claim["spec"]["resources"]["requests"]["storage"] = value(where)
    for constraint in pod.get("topologySpreadConstraints", []):
        if workload["kind"] == "StatefulSet":
            constraint["whenUnsatisfiable"] = value(
                'ternary "DoNotSchedule" "ScheduleAnyway" .Values.oneStorePerNode'
            )


def _pod(workload: Manifest) -> None:
    template = workload["spec"]["template"]
    pod = template["spec"]
    for container in pod.get("initContainers", []) + pod["containers"]:
        title = image_title(container["image"])
        container["image"] = value(f'include "voting.image" (list . "{title}")')
    if settings := settings_of(pod):
        listed = " ".join(f'"{config}"' for config in settings)
        template["metadata"].setdefault("annotations", {})["checksum/settings"] = value(
            f'include "voting.checksum" (list . {listed})'
        )


def _sized_as(title: str) -> str:
    return "svc-grpc-client" if title == "svc-grpc-unary" else title


def _entry(manifest: Manifest) -> None:
    """Place what the values say of the entry: classes, weights, limits, who is let in."""
    spec: Any = manifest.get("spec")
    split = {"grpc": ".Values.entry.grpcShare", "http": "sub 100 .Values.entry.grpcShare"}
    match name(manifest):
        case "ConfigMap/vote-split":
            manifest["data"] = {k: value(f"{e} | toString | quote") for k, e in split.items()}
        case "HTTPRoute/votes":
            weighted = {"svc-grpc-client": "grpc", "svc-http-route": "http"}
            for backend in (b for rule in spec["rules"] for b in rule["backendRefs"]):
                if "weight" in backend:
                    backend["weight"] = value(split[weighted[backend["name"]]])
        case "Gateway/voting":
            spec["gatewayClassName"] = value(".Values.entry.gatewayClassName")
        case "NetworkPolicy/entry":
            (source,) = spec["ingress"][0]["from"]
            (expression,) = source["namespaceSelector"]["matchExpressions"]
            expression["values"] = block("toYaml .Values.entry.namespaces")
        case title if title.startswith("Ingress/"):
            spec["ingressClassName"] = value(".Values.entry.ingressClassName")
            annotations = manifest["metadata"].get("annotations", {})
            for key, expression in {
                "canary-weight": split["http"],
                "limit-rps": ".Values.rateLimit.perSecond",
                "limit-burst-multiplier": ".Values.rateLimit.burstSeconds",
            }.items():
                if (annotation := f"nginx.ingress.kubernetes.io/{key}") in annotations:
                    annotations[annotation] = value(f"{expression} | toString | quote")


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - each place has its own copy
        return True


_Dumper.add_representer(
    str,
    lambda dumper, data: dumper.represent_scalar(
        "tag:yaml.org,2002:str", data, style="|" if "\n" in data else None
    ),
)
