from voting.domain.tally import EntryTally, PollTally
from voting.domain.vote import Route
from voting.recount.differences import differences

KEYS = [f"e{number}" for number in range(9)]


def tally(grpc: int = 1, **entries: tuple[int, int]) -> PollTally:
    return PollTally({key: EntryTally(*one) for key, one in entries.items()}, {Route.GRPC: grpc})


def test_equal_counts_do_not_differ_whatever_lies_outside_the_poll() -> None:
    expected, found = tally(e1=(2, 9)), tally(e1=(2, 9), e2=(0, 0), stray=(1, 1))
    assert differences("tally", expected, found, KEYS) == ""


def test_a_difference_is_told_in_words() -> None:
    assert differences("tally", tally(2, e1=(2, 9)), tally(1, e1=(1, 9)), KEYS) == (
        "e1: 2 votes with a rank sum of 9 by the ledger, 1 votes with a rank sum of 9 in the "
        "tally; route grpc: 2 votes by the ledger, 1 in the tally"
    )


def test_of_many_differences_a_few_are_told() -> None:
    found = PollTally(dict.fromkeys(KEYS, EntryTally(1, 1)), {Route.GRPC: 1})
    said = differences("vote log", tally(), found, KEYS)
    assert said.count("in the vote log") == 5
    assert said.endswith(" and 4 more")
