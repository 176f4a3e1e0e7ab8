import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from k8s.dashboards.files import FOLDER, dashboard_files


@pytest.fixture(params=sorted(dashboard_files()))
def board(request: pytest.FixtureRequest) -> Any:
    return json.loads(dashboard_files()[request.param])


def panels(board: Any) -> Iterator[Any]:
    return (panel for panel in board["panels"] if panel["type"] != "row")


def test_the_files_are_up_to_date() -> None:
    written = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.json")}
    assert written == dashboard_files(), "regenerate them: ./bazelw run //k8s/dashboards:generate"


def test_every_panel_is_explained(board: Any) -> None:
    assert all(panel["title"] and panel["description"] for panel in panels(board))


def test_every_panel_asks_the_provisioned_prometheus(board: Any) -> None:
    for panel in panels(board):
        assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        assert panel["targets"]


def test_every_query_of_a_panel_has_its_own_letter(board: Any) -> None:
    for panel in panels(board):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


def test_panels_do_not_overlap_and_fit_the_width(board: Any) -> None:
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, panel["title"]
                taken.add((x, y))


def test_rates_are_over_grafanas_own_interval(board: Any) -> None:
    for panel in panels(board):
        for target in panel["targets"]:
            assert set(re.findall(r"\[(.*?)\]", target["expr"])) <= {"$__rate_interval"}
