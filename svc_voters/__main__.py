"""Runs svc_voters: `python -m svc_voters`; `--help` lists its settings."""

from svc_voters.service import main

if __name__ == "__main__":
    main()
