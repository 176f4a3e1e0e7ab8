"""Runs the results service: `python -m svc_results`; `--help` lists its settings."""

from svc_results.service import main

if __name__ == "__main__":
    main()
