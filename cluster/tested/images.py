"""Which images the manifests name, and how they get into the cluster's registry."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cluster.common.errors import ClusterError
from tools.oci.image import Image
from tools.oci.push import PushError
from tools.oci.push import push as push_image

_IMAGE = re.compile(r"^\s*(?:- )?image: [\"']?([^\s\"']+)", re.MULTILINE)


class Repository(NamedTuple):
    """Where all images of the manifests are: below which path of a registry, with which tag."""

    path: str
    tag: str


def repository(manifests: str) -> Repository:
    """Return what the images' names have in common, apart from the registry.

    Raises ClusterError when they differ: they are pushed by one command.
    """
    found = {_parts(name) for name in _IMAGE.findall(manifests)}
    if len(found) != 1:
        places = ", ".join(sorted(f"{path}:{tag}" for path, tag in found)) or "none"
        raise ClusterError(f"the manifests' images are not all in one place with one tag: {places}")
    return found.pop()


def titles(manifests: str) -> list[str]:
    """Return the titles of the images that the manifests name."""
    names = {name.rpartition("/")[2] for name in _IMAGE.findall(manifests)}
    return sorted({name.partition("@")[0].partition(":")[0] for name in names})


def by_digest(manifests: str, digests: Mapping[str, str]) -> str:
    """Return manifests that name each image by its digest, so that a tag may move on."""

    def named(found: re.Match[str]) -> str:
        path, slash, title = found[1].rpartition("/")
        name = title.partition(":")[0]
        return found[0].replace(found[1], f"{path}{slash}{name}@{digests[name]}")

    return _IMAGE.sub(named, manifests)


def _parts(name: str) -> Repository:
    path, _, title = name.rpartition("/")
    host, slash, rest = path.partition("/")
    is_host = "." in host or ":" in host or host == "localhost"
    return Repository(rest if is_host and slash else "" if is_host else path, _tag(title))


def _tag(title: str) -> str:
    return title.partition("@")[0].partition(":")[2] or "latest"


def push(images: Mapping[str, Path], registry: str, manifests: str) -> dict[str, str]:
    """Push all images to where the manifests look for them, and return their digests by title.

    `images` are OCI layouts by title. Raises ClusterError when the registry refuses one.
    """
    where = repository(manifests)
    below = "/".join(filter(None, [registry, where.path]))
    try:
        return {
            title: push_image(Image(folder), f"{below}/{title}:{where.tag}", insecure=True)
            for title, folder in images.items()
        }
    except PushError as error:
        raise ClusterError(f"pushing images: {error}") from error
