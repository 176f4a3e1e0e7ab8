"""A child process that ends when this process ends, however that happens."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Final

# The kernel sends the parent-death signal when the *thread* that started the child ends, so all
# children are started by one thread that lives as long as this process.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="process-starter")

# setpriv sets the signal and executes the shell, which executes the program: the pid stays the
# same. A parent that ended before the signal was set is no longer the shell's parent.
_UNLESS_ORPHANED: Final = (
    *("setpriv", "--pdeathsig", "KILL", "--"),
    *("sh", "-c", 'test "$PPID" = "$0" && exec "$@"'),
)


class Process:
    """A running program. The kernel kills it when this process ends, also by SIGKILL."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path | None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `command`, with `environment` added to our own.

        Its output is appended to `log`; without one it goes where ours goes. When there is no such
        program, the log has the error and `status` is 127.
        """
        self._stop_requested = False
        with log.open("ab") if log else nullcontext() as output:
            # Its own process group gets no Ctrl-C from the terminal: we decide what ends when.
            self._child = _starter.submit(
                subprocess.Popen,
                [*_UNLESS_ORPHANED, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(environment or {})},
                process_group=0,
            ).result()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def status(self) -> int | None:
        """How the program ended (negative: killed by that signal); None while it runs."""
        return self._child.poll()

    def ask_to_stop(self) -> None:
        """Send SIGTERM, once; `stop` waits for the end."""
        if not self._stop_requested:
            self._stop_requested = True
            self._child.send_signal(signal.SIGCONT)  # a paused program cannot react
            self._child.terminate()

    def stop(self, grace_seconds: float) -> None:
        """Ask the program to end with SIGTERM; after `grace_seconds` it is killed."""
        self.ask_to_stop()
        try:
            self._child.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the program at once with SIGKILL."""
        self._child.kill()
        self._child.wait()

    def pause(self) -> None:
        """Suspend the program until `resume`; return when every thread of it stands still."""
        self._child.send_signal(signal.SIGSTOP)
        with suppress(ChildProcessError):  # it has ended
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Continue a paused program."""
        self._child.send_signal(signal.SIGCONT)
