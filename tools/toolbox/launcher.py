"""What ./bazelw does: find or make a place where Bazel runs, then become Bazel there."""

import os

from tools.toolbox import namespace, rootfs, server, trust

USAGE = """\
usage: ./bazelw COMMAND [OPTIONS] [TARGETS]     runs Bazel: test //..., run //:demo, help ...
       ./bazelw --toolbox [PROGRAM [ARGUMENTS]] runs a program, or a shell, where Bazel would run
"""


def main(arguments: list[str]) -> int:
    """Runs Bazel, or another program, with `arguments`."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    toolbox = rootfs.ensure()
    trust.ensure(toolbox)
    pid = server.ensure(toolbox)
    if arguments[0] == "--toolbox":
        command = arguments[1:] or ["bash"]
    else:
        command = server.bazel() + arguments
    become(namespace.join(pid, command), namespace.environment())
    return 0


def become(command: list[str], environment: dict[str, str]) -> None:
    """Replaces this process, so that signals such as Ctrl-C reach the command itself."""
    os.execvpe(command[0], command, environment)
