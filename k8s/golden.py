"""The reviewed output of the overlays. Renew it: `./bazelw run //k8s:golden`."""

import os
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from k8s.helm import chart
from k8s.prometheus_rule import FILE, prometheus_rule
from k8s.rendering import COMPONENTS, FOLDER, Manifest, manifests, name, render

_BASIS: Final = "production"
"""The overlay that everything but `local` is based on."""


def golden(folder: Path) -> dict[str, str]:
    """Return the files of the folder, by name."""
    return {file.stem: file.read_text() for file in folder.glob("*.yaml")}


@cache
def rendered() -> dict[str, str]:
    """Return the current output: two overlays in full, and what all others change."""
    whole = {overlay: render(overlay) for overlay in ("local", _BASIS)}
    changes = {component: _change(manifests(_BASIS, component)) for component in COMPONENTS}
    examples = {overlay: _change(manifests(overlay)) for overlay in ("gateway", "managed")}
    return whole | changes | examples


def _change(after: list[Manifest]) -> str:
    """Return the objects that are new or changed, and the names of those that are gone."""
    before = {name(manifest): manifest for manifest in manifests(_BASIS)}
    gone = sorted(before.keys() - map(name, after))
    changed = [manifest for manifest in after if before.get(name(manifest)) != manifest]
    return "".join(f"# without {title}\n" for title in gone) + yaml.safe_dump_all(
        changed, sort_keys=False
    )


def main() -> None:
    """Write the current output to the work tree."""
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", FOLDER.parent)) / "k8s"
    (root / FILE).write_text(prometheus_rule())
    chart.write(root / "helm/voting")
    folder = root / "golden"
    folder.mkdir(exist_ok=True)
    for title, text in rendered().items():
        (folder / f"{title}.yaml").write_text(text)


if __name__ == "__main__":
    main()
