"""What ./bazelw does: find or build an environment for Bazel, then become Bazel in it."""

import os
import shutil

from tools.toolbox import namespace, prebuilt, rootfs, server, trust
from tools.toolbox.messages import say, say_once

USAGE = """\
Run Bazel for this repository. The first use sets up everything it needs, in a few minutes.

  ./bazelw test //...                     build everything and run all tests
  ./bazelw run //:demo                    run the whole system on this machine
  ./bazelw help                           Bazel's own help
  ./bazelw --toolbox [PROGRAM ARGUMENT]   run a program, or a shell, where Bazel runs

BAZELW_CACHE    where to keep the toolbox and Bazel's outputs (~/.cache/voting-bazelw)
BAZELW_MIRROR   Debian mirror to build the toolbox from
BAZELW_USE      "toolbox": use it even if there is a bazel of your own

Your own Bazel settings are read from user.bazelrc in this folder; ~/.bazelrc is ignored.
"""


def main(arguments: list[str]) -> int:
    """Run Bazel, or another program, with `arguments`."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    if arguments[0] != "--toolbox" and own_bazel_serves():
        if arguments[0] in ("build", "test"):
            say_what_is_skipped()
        become(["bazel", *server.OWN_RC_ONLY, *arguments], dict(os.environ))
    toolbox = rootfs.ensure()
    trust.ensure(toolbox)
    pid = server.ensure(toolbox)
    become(namespace.join(pid, inside(arguments)), namespace.environment(toolbox))
    return 0


def own_bazel_serves() -> bool:
    """Return whether the machine's own Bazel can be used; if there is one but not, print why."""
    if not shutil.which("bazel"):
        return False
    missing = prebuilt.missing()
    if missing:
        say_once("prebuilt", f"not using the bazel on PATH: the build needs {', '.join(missing)}")
    return not missing


def say_what_is_skipped() -> None:
    """Print which programs this machine lacks: Bazel says of a target only that it is skipped."""
    if absent := prebuilt.absent():
        say(
            f"without {', '.join(absent)}: what needs one of these is skipped. "
            "BAZELW_USE=toolbox uses the toolbox, which has all"
        )


def inside(arguments: list[str]) -> list[str]:
    """Return what to run in the toolbox."""
    if arguments[0] == "--toolbox":
        return arguments[1:] or ["bash"]
    return server.bazel() + arguments


def become(command: list[str], environment: dict[str, str]) -> None:
    """Replace this process, so that signals such as Ctrl-C reach the command itself."""
    os.execvpe(command[0], command, environment)
