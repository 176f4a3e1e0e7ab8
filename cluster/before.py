"""The version before: checked out from git's history, its images built, its manifests rendered."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from cluster.common.errors import ClusterError
from cluster.common.places import cache
from cluster.tested import images
from harness.processes.console import say
from k8s.rendering import RenderError, render_folder

_UNKNOWN = (
    "unknown commit {}: with a shallow clone, fetch the history first (git fetch --unshallow)"
)


def check_out(commit: str | None) -> Path:
    """Return a clone at this commit, by default at the release before this one.

    The cache keeps the last one that was used, with what Bazel built in it.

    Raises ClusterError when git does not have it.
    """
    root = os.environ.get("BUILD_WORKSPACE_DIRECTORY", ".")
    chosen = _git(
        root, "rev-parse", "--verify", "--quiet", f"{commit or _release(root)}^{{commit}}"
    )
    if not chosen:
        raise ClusterError(_UNKNOWN.format(commit))
    folder = cache() / "before" / chosen[:12]
    for other in folder.parent.glob("*"):
        if other.stem != folder.name:
            shutil.rmtree(other, ignore_errors=True)
    if not (folder / "bazelw").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _git(root, "clone", "--quiet", "--shared", "--no-checkout", root, str(folder))
        _git(str(folder), "checkout", "--quiet", "--detach", chosen)
    say(f"the version before is {chosen[:12]}, in {folder}")
    return folder


class Version(NamedTuple):
    """The local overlay of a version, and the layouts of all images in it by title."""

    overlay: str
    layouts: dict[str, Path]


def build(folder: Path) -> Version:
    """Render the overlay of a checkout and build its images.

    Raises ClusterError when it cannot be rendered or built.
    """
    try:
        overlay = render_folder(folder / "k8s" / "overlays" / "local")
    except RenderError as error:
        raise ClusterError(f"kustomize: {error}") from error
    packages = {title: _package(title) for title in images.titles(overlay)}
    targets = [f"//{package}:image" for package in packages.values()]
    say("building its images, which takes minutes the first time")
    bazel, environment = _bazel(folder), _environment()
    try:
        if subprocess.call([*bazel, "build", *targets], cwd=folder, env=environment):
            raise ClusterError(f"the images cannot be built in {folder}")
        layouts = {t: (folder / "bazel-bin" / p / "image").resolve() for t, p in packages.items()}
    finally:
        subprocess.call([*bazel, "shutdown"], cwd=folder, env=environment)
    return Version(overlay, layouts)


def _package(title: str) -> str:
    """Return where the image of this title is built."""
    return title if title.startswith("svc_") else f"images/{title}"


def _release(root: str) -> str:
    """Return the last commit that set the version, or the one before if that is what we are."""
    releases = _git(root, "log", "-2", "--format=%H", "--", "VERSION").split()
    if releases and releases[0] == _git(root, "rev-parse", "HEAD"):
        del releases[0]
    if not releases:
        raise ClusterError(_UNKNOWN.format("of the release before"))
    return releases[0]


def _git(folder: str, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", folder, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode and done.stderr:
        raise ClusterError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def _bazel(folder: Path) -> list[str]:
    """Return the Bazel of a checkout: `./bazelw`, which in the toolbox cannot be started again."""
    if "BAZELW_TOOLBOX" not in os.environ:
        return ["./bazelw"]
    of_the_toolbox = folder / "tools" / "toolbox" / "toolbox.bazelrc"
    return [
        *("bazel", "--nohome_rc", "--nosystem_rc", f"--bazelrc={of_the_toolbox}"),
        f"--output_base={folder.with_suffix('.bazel')}",
    ]


def _environment() -> dict[str, str]:
    """Return the environment without what `bazel run` has set for this process."""
    ours = ("BUILD_", "JAVA_RUNFILES", "PYTHON", "RUNFILES", "TEST_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
