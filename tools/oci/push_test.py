"""Pushing to a real registry, and what other tools read from an image."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.processes.ports import free_port
from harness.testing.registry import Registry
from tools.oci import index, push, tar
from tools.oci.archive import write_archive
from tools.oci.image import Image
from tools.oci.layout import Provenance, write_layout
from tools.oci.tree import File

SOURCE = Provenance("https://example.org/voting", "8d5f2c", "2026-11-24T09:00:00Z")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(free_port(), tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return make_image(tmp_path, "example")


def make_image(folder: Path, title: str, processor: str = "amd64") -> Image:
    layer, layout = folder / f"{title}.tar.gz", folder / f"{title}-{processor}"
    write_archive({"etc/motd": File(title.encode())}, layer)
    described = {"title": title, "architecture": processor, "config": {"Entrypoint": ["/x"]}}
    write_layout(layout, described, "1.2.3", [layer], SOURCE)
    return Image(layout)


def output_of(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def test_a_pushed_image_has_the_digest_that_push_prints(
    registry: Registry, image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = f"{registry.address}/voting/example"
    arguments = ["--repository", repository, "--tag", "v7"]
    assert push.main([f"example={image.folder}"], arguments) == 0
    assert capsys.readouterr().out == f"{repository}:v7@{image.digest}\n"
    assert output_of("crane", "digest", f"{repository}:v7") == image.digest
    assert output_of("crane", "ls", repository) == "v7"


def test_another_client_reads_layers_and_labels(registry: Registry, image: Image) -> None:
    push.push(image, f"{registry.address}/labels:v1")
    url = f"docker://{registry.address}/labels:v1"
    read = json.loads(output_of("skopeo", "inspect", "--tls-verify=false", url))
    assert read["Layers"] == [layer["digest"] for layer in image.manifest["layers"]]
    assert read["Labels"] == {
        "org.opencontainers.image.created": "2026-11-24T09:00:00Z",
        "org.opencontainers.image.revision": "8d5f2c",
        "org.opencontainers.image.source": "https://example.org/voting",
        "org.opencontainers.image.title": "example",
        "org.opencontainers.image.version": "1.2.3",
    }


def test_several_images_go_below_the_repository(registry: Registry, tmp_path: Path) -> None:
    images = [make_image(tmp_path, "first"), make_image(tmp_path, "second")]
    named = [f"{image.title}={image.folder}" for image in images]
    assert push.main(named, ["--repository", f"{registry.address}/all"]) == 0
    pushed = [output_of("crane", "digest", f"{registry.address}/all/{i.title}") for i in images]
    assert pushed == [image.digest for image in images]


def test_images_for_two_processors_go_as_one_index(registry: Registry, tmp_path: Path) -> None:
    images = {name: make_image(tmp_path, "example", name) for name in ("amd64", "arm64")}
    index.main(tmp_path / "index", [image.folder for image in images.values()])
    reference = f"{registry.address}/both:v1"
    pushed = push.push(Image(tmp_path / "index"), reference)
    assert output_of("crane", "digest", reference) == pushed
    for name, image in images.items():
        taken = output_of("crane", "digest", f"--platform=linux/{name}", reference)
        assert taken == image.digest
    annotations = json.loads(output_of("crane", "manifest", reference))["annotations"]
    assert annotations["org.opencontainers.image.revision"] == SOURCE.revision


@pytest.mark.parametrize("processor", ["amd64", "arm64"])
def test_another_client_takes_the_image_of_its_processor_from_an_index(
    tmp_path: Path, processor: str
) -> None:
    images = [make_image(tmp_path, "example", name) for name in ("amd64", "arm64")]
    index.main(tmp_path / "index", [image.folder for image in images])
    override = f"--override-arch={processor}"
    read = output_of("skopeo", override, "inspect", f"oci:{tmp_path / 'index'}:example:latest")
    assert json.loads(read)["Architecture"] == processor


def test_an_index_is_the_same_in_whichever_order_platforms_are_asked_for(tmp_path: Path) -> None:
    folders = [make_image(tmp_path, "example", name).folder for name in ("arm64", "amd64")]
    index.main(tmp_path / "index", folders)
    index.main(tmp_path / "reversed", folders[::-1])
    assert Image(tmp_path / "index").digest == Image(tmp_path / "reversed").digest


def test_what_two_images_share_is_in_an_index_once(tmp_path: Path) -> None:
    images = [make_image(tmp_path, "example", name) for name in ("amd64", "arm64")]
    index.main(tmp_path / "index", [image.folder for image in images])
    blobs = list((tmp_path / "index" / "blobs" / "sha256").iterdir())
    assert len(blobs) == 1 + 2 * 2 + 1  # the layer, a manifest and a config each, the index


def test_an_unreachable_registry_is_an_error_of_one_line(
    image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    repository = f"127.0.0.1:{free_port()}/example"
    assert push.main([f"example={image.folder}"], ["--repository", repository]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith(f"push: {repository}:latest: ")
    assert errors.endswith("connection refused\n")
    assert errors.count("\n") == 1


def test_a_registry_that_refuses_is_an_error_of_one_line(
    tmp_path: Path, image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    with Registry(free_port(), tmp_path, closed=True) as registry:
        repository = f"{registry.address}/example"
        assert push.main([f"example={image.folder}"], ["--repository", repository]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith(f"push: {repository}:latest: ")
    assert errors.endswith("401 Unauthorized\n")
    assert errors.count("\n") == 1


def test_an_invalid_repository_is_an_error_of_one_line(
    image: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push.main([f"example={image.folder}"], ["--repository", "Example Org"]) == 1
    expected = "push: Example Org:latest: could not parse reference: Example Org:latest\n"
    assert capsys.readouterr().err == expected


def test_a_tar_of_several_images_has_each_by_its_name(tmp_path: Path) -> None:
    images = [make_image(tmp_path, "first"), make_image(tmp_path, "second")]
    tar.main(tmp_path / "images.tar", [image.folder for image in images])
    for image in images:
        named = f"docker-archive:{tmp_path / 'images.tar'}:{image.title}:latest"
        assert json.loads(output_of("skopeo", "inspect", "--config", named)) == image.config


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_the_tar_is_what_podman_and_docker_load_by_its_name(
    image: Image, tmp_path: Path, transport: str
) -> None:
    tar.main(tmp_path / "image.tar", [image.folder])
    copied = tmp_path / "copied"
    source = f"{transport}:{tmp_path / 'image.tar'}"
    # As root of a user namespace, like podman for an ordinary user: files of an archive are root's.
    skopeo = ("skopeo", "--insecure-policy", "--tmpdir", str(tmp_path))
    as_root = ("unshare", "--map-root-user")
    output_of(*as_root, *skopeo, "copy", f"{source}:example:latest", f"oci:{copied}")
    assert Image(copied).config["rootfs"] == image.config["rootfs"]
    assert Image(copied).labels == image.labels
