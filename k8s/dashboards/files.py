"""The files that Grafana reads."""

import json
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from k8s.dashboards.operation import operation_dashboard
from k8s.dashboards.result import result_dashboard

FOLDER: Final = Path("k8s/base/dashboards")
"""Where they are, from the root of the repository."""


def dashboard_files() -> dict[str, str]:
    """Return the text of each file by its name."""
    boards = {
        "votes-operation.json": operation_dashboard(),
        "votes-result.json": result_dashboard(),
    }
    return {
        name: json.dumps(board.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
        for name, board in boards.items()
    }
