import re
from html.parser import HTMLParser
from pathlib import Path
from typing import override

import msgspec
import pytest
from jsonschema import Draft202012Validator

from loadtest.model.answer import Outcome
from loadtest.model.candidate import Candidate
from loadtest.model.checks import Damage, TallyDifference
from loadtest.model.findings import Connection
from loadtest.model.report import VERSION, Report, from_json, to_json
from loadtest.model.schema import SCHEMA, report_schema, schema_text
from loadtest.render.axes import linear_axis
from loadtest.render.chart import Line, line_chart
from loadtest.render.page import to_html
from loadtest.testing.examples import accepted, failed, new_report, phase_of, sound
from voting.domain.vote import Route

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Checks that tags are closed in order; collects attributes that could load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str | None] = []
        self.tags: list[str] = []
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        loading = {"src", "href", "action", "data", "srcset", "xlink:href"}
        self.references += [value for name, value in attrs if name in loading]
        if tag not in VOID:
            self.open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def report(tmp_path: Path) -> Report:
    grpc = phase_of([accepted(n, Route.GRPC) for n in range(200)], tmp_path, Candidate.GRPC)
    http = phase_of([accepted(n, Route.HTTP) for n in range(200)], tmp_path, Candidate.HTTP)
    split = [accepted(n, list(Route)[n % 2]) for n in range(200)]
    split += [failed(300, Outcome.UNKNOWN, "503 <Service> Unavailable", Route.GRPC)]
    return new_report([grpc, http, phase_of(split, tmp_path)], sound())


def test_the_json_reads_back_as_the_same_report(report: Report) -> None:
    text = to_json(report)
    assert from_json(text) == report
    assert msgspec.json.decode(text)["version"] == VERSION


def test_the_ratios_of_a_report_of_version_3_are_those_of_the_two_routes(report: Report) -> None:
    document = msgspec.json.decode(to_json(report)) | {"version": 3}
    (pair,) = document["side_by_side"].pop("pairs")
    document["side_by_side"]["ratios"] = pair["ratios"]
    assert from_json(msgspec.json.encode(document)).side_by_side.pairs == report.side_by_side.pairs


def test_the_published_schema_is_that_of_the_types() -> None:
    assert SCHEMA.read_text() == schema_text(), "run: python -m loadtest.model.schema"


def test_a_report_keeps_to_the_schema(report: Report) -> None:
    document = msgspec.json.decode(to_json(report))
    Draft202012Validator(report_schema()).validate(document)
    assert report_schema()["$defs"]["Report"]["properties"].keys() == document.keys()


def test_every_key_that_the_readme_names_is_in_the_schema() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    table = readme.partition("| Key | What |")[2]
    named = {key for text in re.findall(r"`([^`]+)`", table) for key in re.findall(r"\w+", text)}
    keys = {key for part in report_schema()["$defs"].values() for key in part.get("properties", {})}
    assert named <= keys | set(Route) | set(Connection)


def test_what_is_not_a_report_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        from_json(b'{"version": 1}')


def test_the_page_is_well_formed_and_loads_nothing(report: Report) -> None:
    text = to_html(report)
    page = Page(text)
    assert page.open == []
    assert page.references == []
    assert "script" not in page.tags
    assert not re.search(r"url\(|@import", text)
    assert set(re.findall(r"https?://[\w.:/-]+", text)) == {report.setup.target}


def test_the_page_draws_every_plot_and_names_every_route(report: Report) -> None:
    text = to_html(report)
    labels = set(re.findall(r'<svg[^>]*aria-label="([^"]*)"', text))
    assert "Latency of each route over percentiles" in labels
    assert "Accepted votes over time" in labels
    assert any(label.startswith("HTTP share") for label in labels)
    assert "gRPC alone" in text
    assert "HTTP in the split" in text


def test_neither_route_hides_the_other_where_they_run_together(report: Report) -> None:
    text = to_html(report)
    width = {
        route: float(re.findall(rf"\.line\.{route} {{[^}}]*stroke-width: ([\d.]+)", text)[0])
        for route in Route
    }
    assert width[Route.GRPC] >= 2 * width[Route.HTTP]
    plots = re.findall(r'<svg[^>]*role="img".*?</svg>', text, re.DOTALL)
    drawn = [re.findall(r'<path class="line (grpc|http)[ "]', plot) for plot in plots]
    latency, throughput, *_ = [routes for routes in drawn if routes]
    assert latency == sorted(latency)  # each is above all that come before it
    assert throughput[-2:] == ["grpc", "http"]  # the split


def test_a_single_point_between_gaps_is_drawn() -> None:
    line = Line("grpc", [None, (0.5, 0.5), None])
    axis = linear_axis("x", 0, 1, str)
    assert re.search(r'd="M[\d.]+ [\d.]+h0"', line_chart("one point", axis, axis, [line]))


def test_the_page_escapes_texts_from_answers(report: Report) -> None:
    text = to_html(report)
    assert "503 &lt;Service&gt; Unavailable" in text
    assert "<Service>" not in text


def test_the_page_shows_damage(report: Report) -> None:
    found = sound(
        lost=Damage(1, ["019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"]),
        difference_count=1,
        differences=[TallyDifference("votes of A: B (1999)", 1, 2)],
        caught_up_after=None,
    )
    text = to_html(new_report(report.phases, found))
    assert "Failed" in text
    assert "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071" in text
    assert "votes of A: B (1999)" in text


def test_an_interrupted_comparison_has_a_page(tmp_path: Path) -> None:
    empty = phase_of([], tmp_path, Candidate.GRPC, seconds=0.0)
    for phases in ([], [empty], [phase_of([], tmp_path)]):
        text = to_html(msgspec.structs.replace(new_report(phases, None), interrupted=True))
        assert Page(text).open == []
        assert "Interrupted, no failures so far" in text or "Failed" in text


def test_options_and_units_of_the_verdict_stay_on_one_line(tmp_path: Path) -> None:
    late = phase_of([accepted(1)], tmp_path, unsent=5)
    text = to_html(new_report([late], None))
    assert 'Use more <span class="option">--users</span> or a lower ' in text
    split = phase_of([accepted(n, list(Route)[n % 2]) for n in range(200)], tmp_path)
    assert "50.0\N{NO-BREAK SPACE}% of 200 votes" in to_html(new_report([split], None))
