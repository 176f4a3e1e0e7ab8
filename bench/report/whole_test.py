import re
from xml.etree import ElementTree

import pytest

from bench.apparatus.turn import Turn
from bench.cases.run import Measured
from bench.report.report import VERSION, Report, machine, row
from bench.report.whole import whole_block, whole_cost, whole_picture
from bench.report.whole_picture import Bar, picture
from harness.testing.contrast import TEXT, contrast

OWN = ("entry", "kafka", "redis", "mongodb", "svc_http_route", "svc_results", "svc_new")


def measured(name: str, votes: int) -> Measured:
    """Two turns in which each process used 0.1 s, and Kafka 0.4."""
    used = dict.fromkeys(OWN, 0.1) | {"kafka": 0.4}
    for missing in ("svc_grpc_client", "svc_grpc_server", "svc_consumer", "svc_notary"):
        used[missing] = 0.1
    turn = Turn(votes, 2.0, used).with_latencies([0.002] * 100)
    return Measured(name, name, tuple(used), [turn, turn])


def test_the_parts_are_the_whole_and_a_new_service_is_among_the_others() -> None:
    cost = whole_cost(measured("whole-400", 1000), "at 400", price=0.036)
    assert round(cost.total.value) == 1400
    assert round(sum(part.value for part in cost.parts.values())) == 1400
    assert round(cost.parts["routes"].value) == 300
    assert round(cost.parts["stores"].value) == 200
    assert round(cost.parts["other services"].value) == 100


def test_a_million_votes_cost_their_hours_of_a_core() -> None:
    cost = whole_cost(measured("whole-400", 1000), "at 400", price=0.036)
    assert cost.core_hours_per_million == pytest.approx(1400 / 3600)
    assert cost.euros_per_million == pytest.approx(0.014)
    cases = [measured("whole-400", 1000), measured("whole-full", 100_000)]
    report = Report(VERSION, "2026-01-01", 1.0, 2, machine(), [row(case) for case in cases])
    text = whole_block([whole_cost(case, case.name, 0.036) for case in cases], report)
    assert "1,400 µs times a million votes are 1,400 seconds of a core" in text
    assert "| **euros per million** | **0.014 €** | **0.0001 €** |" in text
    assert "(whole-cost.svg)" in text


def test_the_picture_has_every_part_in_proportion() -> None:
    costs = [whole_cost(measured("whole-400", 1000), "at 400 & more", price=0.05)]
    drawing = ElementTree.fromstring(whole_picture(costs))
    bars = [element for element in drawing.iter() if element.tag.endswith("rect") and len(element)]
    widths = {(bar[0].text or "").partition(":")[0]: float(bar.attrib["width"]) for bar in bars}
    assert list(widths) == [*costs[0].parts]
    assert widths["Kafka"] == pytest.approx(4 * widths["entry"], rel=0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_and_bars_can_be_told_from_what_is_behind_them(theme: str) -> None:
    style = picture([Bar("a", "b", {"c": 1.0})]).split("prefers-color-scheme: dark")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", style[theme == "dark"]))
    parts = [colour for name, colour in colours.items() if re.fullmatch(r"c\d", name)]
    assert len(parts) == 8
    assert min(contrast(colour, colours["card"]) for colour in parts) >= TEXT
    assert min(contrast(colours[name], colours["card"]) for name in ("text", "soft")) >= TEXT
