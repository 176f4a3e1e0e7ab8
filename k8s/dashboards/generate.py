"""Regenerates the dashboards: `./bazelw run //k8s/dashboards:generate`."""

import argparse
import os
from pathlib import Path

from k8s.dashboards.files import FOLDER, dashboard_files


def main() -> None:
    """Write every file."""
    parser = argparse.ArgumentParser(
        prog="generate", description=f"Write Grafana's dashboards to {FOLDER}."
    )
    parser.parse_args()
    # `bazel run` starts programs elsewhere and passes the repository's path.
    root = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", ""))
    for name, text in dashboard_files().items():
        (root / FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
