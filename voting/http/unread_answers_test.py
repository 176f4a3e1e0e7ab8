from voting.http.unread_answers import UnreadAnswers


class SlowClient:
    def __init__(self) -> None:
        self.cut_off = False

    def abort(self) -> None:
        self.cut_off = True


def test_unread_answers_up_to_the_bound_are_kept() -> None:
    unread, clients = UnreadAnswers(100), [SlowClient() for _ in range(10)]
    for client in clients:
        unread.hold(client, 10)
    assert not any(client.cut_off for client in clients)


def test_beyond_the_bound_the_longest_waiting_client_is_cut_off() -> None:
    unread, first, second, third = UnreadAnswers(100), SlowClient(), SlowClient(), SlowClient()
    unread.hold(first, 60)
    unread.hold(second, 40)
    unread.hold(third, 1)
    assert [first.cut_off, second.cut_off, third.cut_off] == [True, False, False]
    unread.hold(SlowClient(), 59)
    assert not second.cut_off


def test_answers_that_were_read_no_longer_count() -> None:
    unread, quick, slow = UnreadAnswers(100), SlowClient(), SlowClient()
    unread.hold(quick, 100)
    unread.release(quick)
    unread.hold(slow, 100)
    unread.release(quick)
    assert not quick.cut_off
    assert not slow.cut_off


def test_an_answer_that_grows_counts_once() -> None:
    unread, client = UnreadAnswers(100), SlowClient()
    for size in range(101):
        unread.hold(client, size)
    assert not client.cut_off


def test_a_client_with_a_single_answer_beyond_the_bound_is_cut_off() -> None:
    unread, client = UnreadAnswers(100), SlowClient()
    unread.hold(client, 101)
    assert client.cut_off
