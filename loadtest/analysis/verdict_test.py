from pathlib import Path

import msgspec
import pytest

from loadtest.analysis.split import check_split, check_splits
from loadtest.analysis.verdict import judge
from loadtest.model.answer import Outcome
from loadtest.model.candidate import Candidate
from loadtest.model.checks import (
    Damage,
    Reconciliation,
    Splits,
    SplitTest,
    TallyDifference,
)
from loadtest.model.findings import PhaseReport
from loadtest.model.report import Verdict
from loadtest.model.sweep_result import Sweep
from loadtest.testing.examples import (
    WEIGHTS,
    accepted,
    failed,
    new_report,
    phase_of,
    sound,
    with_cpu,
)
from voting.domain.vote import Route

ONE = Damage(1, ["019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071"])


def split(grpc: int, http: int) -> SplitTest | None:
    return check_split({Route.GRPC: grpc, Route.HTTP: http}, WEIGHTS)


@pytest.fixture
def alone(tmp_path: Path) -> list[PhaseReport]:
    return [
        phase_of([accepted(n, route) for n in range(1000)], tmp_path, Candidate(route))
        for route in Route
    ]


def verdict(
    phases: list[PhaseReport],
    *,
    found: Reconciliation | str | None = None,
    tested: SplitTest | None = None,
    interrupted: bool = False,
    unmeasured: str | None = None,
) -> Verdict:
    side_by_side = new_report(phases, None).side_by_side
    return judge(
        phases, side_by_side, Splits(tested), found, interrupted=interrupted, unmeasured=unmeasured
    )


def test_a_sound_comparison_passes_with_its_findings(alone: list[PhaseReport]) -> None:
    result = verdict(alone, found=sound(), tested=split(500, 500))
    assert result.passed
    assert not result.failures
    assert not result.warnings
    assert "1.00 times as long" in result.findings[0]
    assert "99 % within 5.00 ms vs. 5.00 ms" in result.findings[0]
    assert "50.0 % of 1,000 votes" in result.findings[1]
    assert "exactly once" in result.findings[2]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"lost": ONE}, "1 accepted vote is missing from the vote log, for example 019ab3c4"),
        ({"lost": Damage(1200, ONE.ids)}, "1,200 accepted votes are missing from the vote log"),
        ({"altered": ONE}, "1 vote is in the vote log with other content than sent"),
        ({"repeated": ONE}, "1 accepted vote is under an id that another vote has"),
        ({"refused_counted": ONE}, "1 refused vote is in the vote log anyway"),
        ({"others": -2}, "2 earlier votes disappeared"),
        ({"others": 3, "others_allowed": False}, "3 votes that this comparison did not send"),
        (
            {
                "difference_count": 1,
                "differences": [TallyDifference("votes by route http", 50, 51)],
                "tally_votes": 101,
            },
            "1 counter and has 1 vote too many; "
            "for example votes by route http: 50 in the vote log, 51 in the tally",
        ),
    ],
)
def test_damage_fails(damage: dict[str, object], words: str, alone: list[PhaseReport]) -> None:
    result = verdict(alone, found=sound(**damage))
    assert not result.passed
    assert words in result.failures[0]
    assert not any("exactly once" in text for text in result.findings)


def test_votes_of_others_are_no_damage_when_others_may_vote(alone: list[PhaseReport]) -> None:
    assert verdict(alone, found=sound(others=3)).passed


def test_unclear_votes_without_an_id_may_be_among_the_others(alone: list[PhaseReport]) -> None:
    found = sound(others=2, others_allowed=False, unknown=2, unknown_without_id=2)
    assert verdict(alone, found=found).passed


def test_a_split_that_is_off_fails(alone: list[PhaseReport]) -> None:
    result = verdict(alone, found=sound(), tested=split(700, 300))
    assert not result.passed
    assert "30.0 % of the votes took the HTTP route, 50.0 % expected" in result.failures[0]


def test_a_split_that_is_off_for_new_connections_alone_fails(
    alone: list[PhaseReport], tmp_path: Path
) -> None:
    kept = [accepted(n, list(Route)[n % 2]) for n in range(900)]
    fresh = [accepted(1000 + n, Route.HTTP, fresh=True) for n in range(30)]
    phase = phase_of([*kept, *fresh], tmp_path)
    splits = check_splits([phase], WEIGHTS)
    assert splits.whole is not None
    assert splits.whole.fair
    result = judge(
        alone,
        new_report(alone, None).side_by_side,
        splits,
        sound(),
        interrupted=False,
        unmeasured=None,
    )
    assert not result.passed
    assert "100.0 % of the votes over new connections took the HTTP" in result.failures[0]
    assert not any("matches its configuration" in text for text in result.findings)


def test_a_split_with_too_few_answers_is_not_judged(alone: list[PhaseReport]) -> None:
    tested = check_split({Route.GRPC: 500, Route.HTTP: 300}, WEIGHTS, unanswered=200)
    result = verdict(alone, found=sound(), tested=tested)
    assert result.passed
    assert "The split cannot be judged" in result.warnings[0]
    assert not any("matches its configuration" in text for text in result.findings)


def test_a_forced_vote_on_the_other_route_fails(tmp_path: Path) -> None:
    phase = phase_of([accepted(1, Route.HTTP)], tmp_path, Candidate.GRPC)
    assert "1 vote requested the gRPC route" in verdict([phase], found=sound()).failures[0]


def test_a_phase_in_which_nothing_was_accepted_fails(tmp_path: Path) -> None:
    phase = phase_of([failed(1, Outcome.UNKNOWN, "timed out")], tmp_path, Candidate.GRPC)
    assert verdict([phase], found=sound()).failures == [
        "grpc alone: no vote was accepted after the warm-up."
    ]
    assert verdict([phase], found=sound(), interrupted=True).passed


def test_a_rate_that_is_too_high_for_any_vote_fails_only_where_no_rate_had_one(
    alone: list[PhaseReport], tmp_path: Path
) -> None:
    none = phase_of([failed(1, Outcome.UNKNOWN, "timed out")], tmp_path, Candidate.GRPC)
    side_by_side = new_report([], None).side_by_side

    def failures(phases: list[PhaseReport]) -> list[str]:
        return judge(
            phases, side_by_side, Splits(None), sound(),
            sweep=Sweep([], []), interrupted=False, unmeasured=None,
        ).failures  # fmt: skip

    assert failures([*alone, none]) == []
    assert failures([alone[1], none]) == ["grpc alone: no vote was accepted after the warm-up."]


def test_a_store_that_went_away_fails(alone: list[PhaseReport]) -> None:
    result = verdict(alone, found="Redis is not available: refused")
    assert "Redis is not available" in result.failures[0]


def test_errors_alone_are_a_warning(tmp_path: Path) -> None:
    samples = [accepted(1), failed(2, Outcome.UNKNOWN, "503 Service Unavailable", Route.HTTP)]
    result = verdict([phase_of(samples, tmp_path)], found=sound(unknown=1))
    assert result.passed
    assert "1 of 2 votes not accepted, mostly “503 Service Unavailable”" in (result.warnings[0])
    assert "1 vote got no definite response" in result.warnings[1]


def test_a_late_generator_is_a_warning_and_gives_no_ratio(alone: list[PhaseReport]) -> None:
    late = msgspec.structs.replace(alone[0].generator, limited=True, lag_p99=30.0)
    phases = [msgspec.structs.replace(alone[0], generator=late), alone[1]]
    result = verdict(phases, found=sound())
    assert result.passed
    assert "The load generator was the bottleneck in grpc alone" in result.warnings[0]
    assert "the machine was busy" in result.warnings[0]
    assert not any("times as long" in text for text in result.findings)


def test_unary_calls_with_more_than_one_vote_are_a_warning(alone: list[PhaseReport]) -> None:
    batched = with_cpu(alone[0], svc_grpc_unary=10.0)
    warning = verdict([batched, alone[1]], found=sound()).warnings[0]
    assert (
        "svc_grpc_unary sent up to 1.50 votes in a call: it does not have GRPC_CALLS=unary"
        in warning
    )


def test_an_overloaded_phase_is_a_warning(tmp_path: Path) -> None:
    phase = phase_of([accepted(1)], tmp_path, unsent=5)
    assert (
        ": 5 votes never sent because every user was busy"
        in verdict([phase], found=sound()).warnings[0]
    )


def test_an_interruption_is_a_warning(alone: list[PhaseReport]) -> None:
    result = verdict(alone, interrupted=True)
    assert result.passed
    assert "not checked against" in result.warnings[0]
    assert "interrupted" in result.warnings[1]


def test_missing_processor_time_is_a_warning_with_its_reason(alone: list[PhaseReport]) -> None:
    result = verdict(alone, unmeasured="Prometheus at http://p: refused")
    assert result.passed
    assert "was not measured: Prometheus at http://p: refused." in " ".join(result.warnings)
