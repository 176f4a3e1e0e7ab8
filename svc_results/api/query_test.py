"""Any query gives a value within its bounds, or a problem that names the parameter."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sanic import Request

from svc_results.api.query import LIMIT_MAX, read_after, read_language, read_limit
from svc_results.page.messages import CATALOGUE
from svc_results.result.cursor import encode_cursor
from voting.domain.vote import CAST_AT_MAX_MS
from voting.http.problem import ProblemError
from voting.stores.logged_vote import Cursor

NUMBERS = st.integers().map(str) | st.integers(0, 10**30).map(lambda n: f"{n:0>30}")
ANYTHING = st.text(max_size=300) | st.text("0123456789", max_size=6000)


def asked(accept_language: str | None = None, **args: str) -> Request:
    """Return a request with what the functions read of it."""
    headers = {} if accept_language is None else {"accept-language": accept_language}
    return cast("Request", SimpleNamespace(args=args, headers=headers))


def answer(read: Callable[[Request], object], request: Request) -> object:
    """Return what `read` returns, or the status and field of its problem."""
    try:
        return read(request)
    except ProblemError as error:
        return error.problem.status, error.problem.field


@given(ANYTHING | NUMBERS)
@example("00000000199999999")
@example("9" * 5000)
def test_a_limit_is_within_bounds_or_named(text: str) -> None:
    limit = answer(read_limit, asked(limit=text))
    assert limit == (422, "limit") or limit in range(1, LIMIT_MAX + 1)


@given(ANYTHING | st.builds(lambda n, v: encode_cursor((n, v)), st.integers(), st.text()))
@example(encode_cursor((CAST_AT_MAX_MS, "019ab3c4-5d6e-7f80-9a1b-2c3d4e5f6071")))
def test_a_cursor_is_one_of_ours_or_named(text: str) -> None:
    after = answer(read_after, asked(after=text))
    assert after == (422, "after") or encode_cursor(cast("Cursor", after))


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["es", "en", ";q=", ",", "0.", "9", "inf", "nan"])).map("".join)
)
def test_a_language_is_one_of_the_catalogue(header: str) -> None:
    assert read_language(asked(header)) in CATALOGUE
    assert read_language(asked(header, lang=header)) in CATALOGUE


def test_without_parameters_the_first_twenty_are_asked_for() -> None:
    assert read_limit(asked()) == 20
    assert read_after(asked()) is None
    with pytest.raises(ProblemError, match="must be the `next`"):
        read_after(asked(after=""))
