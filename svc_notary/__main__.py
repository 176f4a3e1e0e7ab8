"""Runs svc_notary: `python -m svc_notary`; `--help` lists its settings."""

from svc_notary.service import main

if __name__ == "__main__":
    main()
