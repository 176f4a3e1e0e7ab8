"""What a bill of materials finds in an image's files."""

import io
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

from tools.oci.archive import write_archive
from tools.oci.components import jar, kind_of
from tools.oci.image import Image
from tools.oci.layout import Provenance, read_provenance, write_layout
from tools.oci.sbom import bill
from tools.oci.tree import File

DPKG = b"Package: libc6\nVersion: 2.43-1\nArchitecture: amd64\nDescription: GNU C Library\n long\n"
WHEEL = b"Metadata-Version: 2.4\nName: sanic\nVersion: 25.3\nLicense-Expression: MIT\n\nText\n"


def make_jar(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def make_image(folder: Path) -> Image:
    tree = {
        "var/lib/dpkg/status.d/libc6": File(DPKG),
        "app/site-packages/sanic-25.3.dist-info/METADATA": File(WHEEL),
    }
    write_archive(dict(tree), folder / "layer.tar.gz")
    described = {"title": "example", "architecture": "amd64", "config": {}}
    write_layout(folder / "image", described, "1", [folder / "layer.tar.gz"], Provenance())
    return Image(folder / "image")


def test_a_bill_names_packages_and_wheels_by_their_urls(tmp_path: Path) -> None:
    made = bill(make_image(tmp_path))
    assert {str(component.purl) for component in made.components} == {
        "pkg:deb/debian/libc6@2.43-1?arch=amd64&distro=forky",
        "pkg:pypi/sanic@25.3",
    }


def test_the_license_is_that_of_the_wheel(tmp_path: Path) -> None:
    sanic = next(part for part in bill(make_image(tmp_path)).components if part.name == "sanic")
    assert [license_.id for license_ in sanic.licenses if hasattr(license_, "id")] == ["MIT"]


def test_the_same_image_has_the_same_bill(tmp_path: Path) -> None:
    image = make_image(tmp_path)
    assert bill(image).serial_number == bill(image).serial_number
    assert bill(image).metadata.timestamp == bill(image).metadata.timestamp


@pytest.mark.parametrize(
    ("name", "files", "purl"),
    [
        (
            "kafka-server-4.4.0.jar",
            {},
            "pkg:maven/kafka-server@4.4.0",
        ),
        (
            "re2j-1.8.jar",
            {"META-INF/maven/x/pom.properties": "groupId=com.re2j\nartifactId=re2j\nversion=1.8\n"},
            "pkg:maven/com.re2j/re2j@1.8",
        ),
        (
            "shaded-2.0-jre.jar",
            {"META-INF/maven/a/pom.properties": "", "META-INF/maven/b/pom.properties": ""},
            "pkg:maven/shaded@2.0-jre",
        ),
    ],
)
def test_a_jar_is_identified_by_what_maven_wrote_or_by_its_name(
    name: str, files: dict[str, str], purl: str
) -> None:
    assert str(jar(PurePosixPath(name), make_jar(files)).purl) == purl


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("var/lib/dpkg/status.d/tzdata", "deb"),
        ("app/pypi/site-packages/redis-7.dist-info/METADATA", "pypi"),
        ("app/pypi/site-packages/redis/METADATA", ""),
        ("opt/kafka/libs/slf4j-api-2.0.jar", "maven"),
    ],
)
def test_the_path_shows_which_component_a_file_describes(path: str, kind: str) -> None:
    assert kind_of(PurePosixPath(path)) == kind


def test_provenance_is_read_from_the_workspace_status() -> None:
    status = (
        "BUILD_EMBED_LABEL \nSTABLE_REVISION abc-modified\n"
        "STABLE_REVISION_TIME 2026-11-24T09:00:00Z\nSTABLE_SOURCE https://example.org/x\n"
    )
    expected = Provenance("https://example.org/x", "abc-modified", "2026-11-24T09:00:00Z")
    assert read_provenance(status) == expected
