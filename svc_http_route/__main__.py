"""Runs the HTTP route: `python -m svc_http_route`; `--help` lists its settings."""

from svc_http_route.service import main

if __name__ == "__main__":
    main()
