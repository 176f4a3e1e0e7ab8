"""Finds the components of an image in its files: Debian packages, wheels, jars."""

import io
import re
import tarfile
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import PurePosixPath
from typing import NamedTuple
from zipfile import ZipFile

from packageurl import PackageURL

from tools.oci.debian_layer import STATUS


class Found(NamedTuple):
    """One component; `license` is an SPDX expression, or empty where the files give none."""

    purl: PackageURL
    license: str = ""


def find(layers: Iterable[tarfile.TarFile]) -> Iterator[Found]:
    """Yield the components of all layers."""
    for layer in layers:
        for info in layer:
            if info.isfile() and (kind := KINDS.get(kind_of(PurePosixPath(info.name)))):
                content = layer.extractfile(info)
                if content:
                    yield kind(PurePosixPath(info.name), content.read())


def kind_of(path: PurePosixPath) -> str:
    """Return which kind of component a file with this path describes; empty for none."""
    if str(path.parent) == STATUS:
        return "deb"
    if path.name == "METADATA" and path.parent.suffix == ".dist-info":
        return "pypi"
    return "maven" if path.suffix == ".jar" else ""


def debian_package(_path: PurePosixPath, content: bytes) -> Found:
    """Read a record of dpkg."""
    fields = parse(content)
    qualifiers = {"arch": fields["Architecture"], "distro": "forky"}
    return Found(PackageURL("deb", "debian", fields["Package"], fields["Version"], qualifiers))


def wheel(_path: PurePosixPath, content: bytes) -> Found:
    """Read a wheel's metadata."""
    fields = parse(content)
    purl = PackageURL("pypi", None, fields["Name"], fields["Version"])
    return Found(purl, fields.get("License-Expression", ""))


def jar(path: PurePosixPath, content: bytes) -> Found:
    """Read what Maven wrote into a jar, or else the file's name."""
    with ZipFile(io.BytesIO(content)) as archive:
        written = [name for name in archive.namelist() if name.endswith("/pom.properties")]
        if len(written) == 1:  # a jar that contains others has theirs, too
            values = dict(re.findall(r"^(\w+)=(\S+)", archive.read(written[0]).decode(), re.M))
            group, name, version = values["groupId"], values["artifactId"], values["version"]
            return Found(PackageURL("maven", group, name, version))
    named = re.fullmatch(r"(.+?)-(\d[\w.]*(?:-\w+)*)", path.stem)
    name, version = named.groups() if named else (path.stem, None)
    return Found(PackageURL("maven", None, name, version))


KINDS = {"deb": debian_package, "maven": jar, "pypi": wheel}


def parse(content: bytes) -> Message:
    """Parse fields in the format of mail headers."""
    return BytesParser().parsebytes(content, headersonly=True)
