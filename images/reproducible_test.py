"""The same sources give the same image, wherever they are built."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from images.images import image
from tools.oci import layout
from tools.oci.image import Image

SERVICE: Final = "svc_http_route"
WORKSPACE: Final = Path(layout.__file__).resolve().parents[2]
PYPI: Final = Path("..", "pypi", "defs.bzl").resolve().parent
OWN: Final = "app/monorepo/"
LEFT_OUT: Final = shutil.ignore_patterns(".*", "bazel-*", "__pycache__", "reports")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder for another copy of the sources and another output base."""
    yield tmp_path
    subprocess.run(
        ["chmod", "--recursive", "u+w", tmp_path], check=True
    )  # Bazel's outputs are read-only
    shutil.rmtree(tmp_path)


def copy_sources(target: Path, built: Image) -> None:
    """Copy the work tree, with the files in the image as they were when it was built."""
    shutil.copytree(WORKSPACE, target, ignore=LEFT_OUT)
    for name in (".bazelrc", ".bazelversion"):
        shutil.copy(WORKSPACE / name, target)
    for layer in built.layers():
        for info in layer:
            source = target / info.name.removeprefix(OWN)
            if info.name.startswith(OWN) and source.is_file():
                layer.makefile(info, source)


def bazel(folder: Path, *arguments: str) -> None:
    toolbox = ["--bazelrc=tools/toolbox/toolbox.bazelrc"] if "BAZELW_TOOLBOX" in os.environ else []
    command = ["bazel", *toolbox, f"--output_base={folder / 'output'}", "--batch", *arguments]
    subprocess.run(command, cwd=folder / "sources", check=True)


def test_another_folder_and_another_output_base_make_the_same_image(elsewhere: Path) -> None:
    built = image(SERVICE)
    copy_sources(elsewhere / "sources", built)
    options = ["--disk_cache=", "--symlink_prefix=/", f"--override_repository=pypi={PYPI}"]
    bazel(elsewhere, "build", *options, f"//{SERVICE}:image_unlabelled")
    outputs = elsewhere / "output" / "execroot" / "monorepo" / "bazel-out"
    [again] = map(Image, outputs.glob(f"*-fastbuild/bin/{SERVICE}/image_unlabelled"))
    assert again.manifest == built.manifest
    assert again.digest == built.digest
