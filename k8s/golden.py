"""What the overlays rendered to when somebody last looked. Renew: `./bazelw run //k8s:golden`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from k8s.rendering import COMPONENTS, FOLDER, OVERLAYS, manifests, name, render

_BASIS: Final = "production"
"""The overlay that components are shown with."""


def golden(folder: Path) -> dict[str, str]:
    """Return what lies in the folder, by name."""
    return {file.stem: file.read_text() for file in folder.glob("*.yaml")}


def rendered() -> Mapping[str, str]:
    """Return what there should be: overlays in whole, of components what they change."""
    overlays = {overlay: render(overlay) for overlay in OVERLAYS}
    return overlays | {component: _change(component) for component in COMPONENTS}


def _change(component: str) -> str:
    """Return the objects that a component adds or changes, and the names of those it removes."""
    before = {name(manifest): manifest for manifest in manifests(_BASIS)}
    after = {name(manifest): manifest for manifest in manifests(_BASIS, component)}
    removed = [f"# without {gone}\n" for gone in before if gone not in after]
    changed = [manifest for key, manifest in after.items() if before.get(key) != manifest]
    return "".join(removed) + yaml.safe_dump_all(changed, sort_keys=False)


def main() -> None:
    """Write all of it into the work tree."""
    folder = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", FOLDER.parent)) / "k8s" / "golden"
    folder.mkdir(exist_ok=True)
    for title, text in rendered().items():
        (folder / f"{title}.yaml").write_text(text)


if __name__ == "__main__":
    main()
