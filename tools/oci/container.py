"""For tests: runs an image's program with bubblewrap, much as a container runtime does."""

import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.oci.image import Image, open_layer

_EMULATOR: Final = "/emulator"

type Wanted = Callable[[tarfile.TarFile, tarfile.TarInfo], bool]


class Unpacked:
    """Layers as folders, each layer once however many images share it."""

    def __init__(self, folder: Path, wanted: Wanted = lambda _archive, _info: True) -> None:
        """Keep the layers below `folder`; of their entries only those that are `wanted`."""
        self._folder = folder
        self._wanted = wanted

    def layers(self, image: Image) -> list[Path]:
        """Return the folders of an image's layers, the lowest first."""
        return [self._layer(image.blob(layer["digest"])) for layer in image.manifest["layers"]]

    def _layer(self, blob: Path) -> Path:
        folder = self._folder / blob.name
        if not folder.exists():
            folder.mkdir()
            with open_layer(blob) as archive:
                wanted = (info for info in archive if self._wanted(archive, info))
                archive.extractall(folder, wanted, filter="tar")
        return folder


class Container:
    """An image's files, and how to start its program among them.

    The program runs as the image's user and cannot write to its root file system. It shares the
    network and the processes of its caller.
    """

    def __init__(self, image: Image, unpacked: Unpacked, emulator: Path | None = None) -> None:
        """Unpack the image's layers, unless they already are.

        `emulator` is the program that runs those of the image, when it is for another processor.
        """
        self._image = image
        self._emulator = emulator
        self.layers = unpacked.layers(image)

    def command(
        self,
        arguments: Sequence[str] | None = None,
        *,
        entrypoint: Sequence[str] | None = None,
        environment: Mapping[str, str] | None = None,
        shared: Sequence[Path] = (),
    ) -> list[str]:
        """Return a command line that runs the image's program.

        `arguments` and `entrypoint` replace the image's; `shared` are folders of this machine
        that the program may write to, at their own paths.
        """
        config = self._image.config["config"]
        user, _, group = config["User"].partition(":")
        variables = dict(variable.split("=", 1) for variable in config["Env"])
        emulator = [str(self._emulator.resolve())] if self._emulator else []
        return [
            *("bwrap", "--die-with-parent", "--unshare-user", "--uid", user, "--gid", group),
            *("--tmpfs", "/", *mounts(self.layers, Path("/"))),
            *(part for path in emulator for part in ("--ro-bind", path, _EMULATOR)),
            *("--dev", "/dev", "--ro-bind", "/proc", "/proc", "--tmpfs", "/tmp"),
            *(part for folder in shared for part in ("--bind", str(folder), str(folder))),
            *("--remount-ro", "/", "--chdir", config["WorkingDir"], "--clearenv"),
            *settings({**variables, **(environment or {})}),
            *("--", *([_EMULATOR] if emulator else [])),
            *(config["Entrypoint"] if entrypoint is None else entrypoint),
            *(config["Cmd"] if arguments is None else arguments),
        ]


def mounts(folders: Sequence[Path], at: Path) -> Iterator[str]:
    """Yield what bubblewrap mounts to show folders one on top of the other, the last on top."""
    for name in sorted({path.name for folder in folders for path in folder.iterdir()}):
        paths = (folder / name for folder in folders)
        present = [path for path in paths if path.exists(follow_symlinks=False)]
        top = present[-1]
        if top.is_symlink():
            yield from ("--symlink", str(top.readlink()), str(at / name))
        elif len(present) > 1 and top.is_dir():
            yield from mounts(present, at / name)
        else:
            yield from ("--ro-bind", str(top), str(at / name))


def settings(variables: Mapping[str, str]) -> Iterator[str]:
    """Yield the options with which bubblewrap sets environment variables."""
    for name, value in variables.items():
        yield from ("--setenv", name, value)
