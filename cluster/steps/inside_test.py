from pathlib import Path

import pytest

from cluster.steps.inside import run
from cluster.steps.step import Step
from cluster.tested.context import StepContext, StepError
from harness.voters.sent_votes import SentVotes

CONTEXT = StepContext(
    Path("overlay.yaml"),
    Path("gateway.yaml"),
    Path("output"),
    sent_votes=[],
    others=SentVotes(),
    organisers=[],
    polls=[],
)


async def fine(_: StepContext) -> str:
    return "2 pods"


async def wrong(_: StepContext) -> str:
    raise StepError("1 vote lost")


async def test_a_run_passes_if_all_its_steps_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run([Step("one", fine), Step("two", fine, essential=True)], CONTEXT)
    assert capsys.readouterr().out.count("2 pods") == 2


async def test_a_step_that_fails_is_reported_and_the_others_still_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not await run([Step("split", wrong), Step("drain", fine)], CONTEXT)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("split                FAILED")
    assert first.endswith("1 vote lost")
    assert second.startswith("drain                ok")


async def test_an_essential_step_that_fails_ends_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not await run([Step("apply", wrong, essential=True), Step("drain", fine)], CONTEXT)
    assert "drain" not in capsys.readouterr().out
