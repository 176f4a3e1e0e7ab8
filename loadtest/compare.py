"""`./bazelw run //loadtest:compare`: compares the two routes; --help lists the options."""

import signal
import sys

if __name__ == "__main__":
    # Until the comparison handles it, Ctrl-C ends the process at once, also during the second
    # that the imports take.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    from loadtest.command.compare_command import main

    status = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to interrupt
    sys.exit(status)
