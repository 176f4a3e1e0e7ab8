"""The Gateway API's resource definitions, which Traefik serves besides Ingress objects."""

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cluster.common.places import cache
from cluster.provision import programs

_MODULE: Final = "sigs.k8s.io/gateway-api"
_STANDARD: Final = Path("config", "crd", "standard")


def ensure() -> Path:
    """Return the folder with the definitions, of the version that go.mod names.

    They are files of a Go module. Raises ClusterError when it cannot be downloaded.
    """
    folder = cache() / f"gateway-api-{programs.version(_MODULE)}"
    if not folder.is_dir():
        module = json.loads(programs.go(["mod", "download", "-json", _MODULE]))["Dir"]
        cache().mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache(), prefix="gateway-api-") as scratch:
            made = Path(scratch, "made")
            made.mkdir()
            for file in Path(module, _STANDARD).glob("*.yaml"):
                shutil.copyfile(file, made / file.name)  # a module's own files are read-only
            made.rename(folder)
    return folder
