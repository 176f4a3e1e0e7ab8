"""The chart's templates: each object once, with what the values switch on as conditions."""

from collections.abc import Iterator
from functools import cache
from typing import Final

import yaml

from k8s.helm import placeholders
from k8s.helm.additions import ADDITIONS, without_host
from k8s.helm.merging import MergeError, merge, when
from k8s.helm.renderings import PAIRS, SWITCHES, objects, settings_of
from k8s.rendering import Manifest, pod_specs

_MANAGED: Final = "managed-"


def switch(component: str) -> str:
    """Return the name that a component has in the values: gatewayApi for gateway-api."""
    first, *others = component.split("-")
    return first + "".join(map(str.capitalize, others))


def on(component: str) -> str:
    """Return the condition that a component is switched on."""
    return f".Values.components.{switch(component)}"


def templates() -> dict[str, str]:
    """Return the text of each template, by its file's name."""
    files: dict[str, list[str]] = {}
    for title in sorted(_titles()):
        if not title.startswith("Namespace/"):
            files.setdefault(_file(title), []).extend(["---", *_template(title)])
    texts = {file: "\n".join(lines) + "\n" for file, lines in files.items()}
    return {"_settings.tpl": "\n".join(_settings()) + "\n", **texts}


@cache
def settings() -> list[str]:
    """Return the ConfigMaps that have settings of services."""
    pods = [
        pod for parts in _renderings() for pod in pod_specs([*objects(*parts).values()]).values()
    ]
    return sorted({config for pod in pods for config in settings_of(pod)})


def _renderings() -> Iterator[tuple[str, ...]]:
    yield ()
    yield from ((component,) for component in SWITCHES)
    yield from PAIRS


@cache
def _titles() -> set[str]:
    return {title for parts in _renderings() for title in objects(*parts)}


def _file(title: str) -> str:
    """Return the file of an object: that of its component, of its kind, or with its name."""
    kind, _, own = title.partition("/")
    if home := _home(title):
        return f"{home[-1]}.yaml"
    if kind == "ConfigMap" and own in settings():
        return "settings.yaml"
    if kind == "Ingress":
        return "ingress.yaml"
    if kind == "Service" and own.endswith("-pods"):
        return "watched.yaml"
    alone = [other for other in _titles() if other.endswith(f"/{own}")] == [title]
    return "network-policies.yaml" if kind == "NetworkPolicy" and alone else f"{own}.yaml"


def _home(title: str) -> tuple[str, ...]:
    """Return the fewest components with which there is such an object."""
    return next(parts for parts in _renderings() if title in objects(*parts))


def _template(title: str) -> list[str]:
    """Return the template of an object that some components add, change or remove."""
    home = _home(title)
    base = without_host(objects(*home)[title])
    variants: dict[str, list[str]] = {}
    removed: list[str] = []
    for component in _others(home):
        found = objects(*home, component).get(title)
        if found is None:
            removed.append(on(component))
        elif (changed := without_host(found)) != base:
            variants[on(component)] = _text(changed)
    for condition, change in ADDITIONS.items():
        if (changed := change(base)) != base:
            variants[condition] = _text(changed)
    try:
        lines = merge(_text(base), variants)
    except MergeError as error:
        raise MergeError(f"{title}: {error}") from error
    return when(_presence(home, removed), lines)


def _others(home: tuple[str, ...]) -> list[str]:
    """Return the components that may change what `home` has."""
    if not home:
        return list(SWITCHES)
    return [
        other for pair in PAIRS for other in pair if set(home) < set(pair) and other not in home
    ]


def _presence(home: tuple[str, ...], removed: list[str]) -> str:
    """Return the condition that an object is there: its home is on, and what removes it is off."""
    wanted = [on(component) for component in home]
    if len(removed) == 1:
        wanted.append(f"not {removed[0]}")
    elif removed:
        wanted.append(f"not (or {' '.join(removed)})")
    if len(wanted) < 2:
        return "".join(wanted)
    return " ".join(["and", *(f"({each})" if " " in each else each for each in wanted)])


def _text(manifest: Manifest) -> list[str]:
    if manifest["kind"] == "ConfigMap" and (title := manifest["metadata"]["name"]) in settings():
        data = placeholders.block(f'include "voting.settings" (list . "{title}")')
        manifest = {**manifest, "data": data}
    return placeholders.text(placeholders.with_placeholders(manifest))


def _settings() -> Iterator[str]:
    """Yield the settings that services have if the values say nothing else."""
    for title in settings():
        variants = {on(component): _data(title, component) for component in SWITCHES}
        yield f'{{{{- define "voting.settings.{title}" }}}}'
        yield from merge(_data(title), {c: v for c, v in variants.items() if v != _data(title)})
        yield "{{- end }}"


def _data(title: str, *components: str) -> list[str]:
    """Return the lines of a ConfigMap's settings; none for a server outside the cluster."""
    outside = title.removesuffix("-client")
    key = f"ConfigMap/{title}"
    config = objects(*components).get(key) or objects().get(key, {})  # a component may add it
    if f"{_MANAGED}{outside}" in components or "data" not in config:
        return []
    return yaml.safe_dump(config["data"], width=10_000).splitlines()
