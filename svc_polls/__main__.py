"""Runs svc_polls: `python -m svc_polls`; `--help` lists its settings and its command."""

from svc_polls.service import main

if __name__ == "__main__":
    main()
