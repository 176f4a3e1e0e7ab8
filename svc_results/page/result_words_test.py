import pytest

from svc_results.page.result_words import ResultRules, class_label, result_rules
from svc_results.polls.poll_state import poll_state
from svc_results.testing.polls import FakeAudience
from voting.pages.languages import Language
from voting.voters.rules import VoterClass, VoterRules


def rules_of(
    language: Language = "en", *, classes: tuple[VoterClass, ...] = (), **fields: object
) -> ResultRules:
    voters = VoterRules(scope="s", key=1, classes=classes) if classes else None
    audience = FakeAudience()
    audience.log.define(1, poll="p", voters=voters, **fields)
    return result_rules(language, poll_state(audience.polls.find("p"), audience.polls))


THREE = (VoterClass("audience", 0, 1), VoterClass("jury", 1, 1), VoterClass("super-fans", 2, 1))


@pytest.mark.parametrize("classes", [(), (VoterClass("jury", 3, 7),)])
def test_nothing_is_said_where_votes_and_rank_sums_decide(classes: tuple[VoterClass, ...]) -> None:
    assert rules_of(classes=classes) == ResultRules([], [], {})


@pytest.mark.parametrize(
    ("language", "weights"),
    [
        ("en", [("Audience", "33.3%"), ("Jury", "33.3%"), ("Super fans", "33.3%")]),
        ("es", [("Público", "33,3\xa0%"), ("Jurado", "33,3\xa0%"), ("Super fans", "33,3\xa0%")]),
    ],
)
def test_weights_are_percentages_of_all(language: Language, weights: list[tuple[str, str]]) -> None:
    assert rules_of(language, classes=THREE).classes == weights


def test_whole_percentages_have_no_decimals() -> None:
    two = (VoterClass("audience", 0, 600), VoterClass("jury", 1, 400))
    assert [one.weight for one in rules_of(classes=two).classes] == ["60%", "40%"]


@pytest.mark.parametrize(
    ("ties", "said"),
    [
        ((), "Ties are decided by the sum of all ratings; what is still equal shares a place."),
        (("order",), "Ties are decided by the order of the ballot."),
        (
            ("class:jury", "votes", "rank-sum", "order"),
            "Ties are decided in this order: the votes of “Jury”; the number of votes; "
            "the sum of all ratings; the order of the ballot.",
        ),
    ],
)
def test_the_rules_for_ties_are_said_in_their_order(ties: tuple[str, ...], said: str) -> None:
    assert rules_of(classes=THREE, ties=ties).sentences[-1] == said


def test_where_one_picks_nobody_rates() -> None:
    rules = rules_of(rank_max=1, ties=("rank-sum", "order"))
    assert rules.ties["rank-sum"] == "Tie-break: the number of votes"
    assert "ratings" not in rules.sentences[-1]


@pytest.mark.parametrize(
    ("language", "name", "label"),
    [("en", "press", "Press"), ("es", "press", "Prensa"), ("es", "7-a", "7 a"), ("en", "x", "X")],
)
def test_a_class_is_called_by_its_name(language: Language, name: str, label: str) -> None:
    assert class_label(language, name) == label
