import pytest

from voting.voters.keys import (
    KEYS_MAX,
    InvalidKeysError,
    MasterKeys,
    NoKeyError,
    new_key,
    read_keys,
)

KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def test_each_scope_and_each_master_key_has_keys_of_its_own() -> None:
    keys = read_keys(f"{new_key(1)}, {new_key(255)}")
    found = [keys.scope_keys(number, scope) for number in (1, 255) for scope in ("a", "b")]
    assert len({key for four in found for key in four}) == 16
    assert keys.scope_keys(1, "a") == found[0]
    with pytest.raises(NoKeyError, match="there is no key 2"):
        keys.scope_keys(2, "a")


@pytest.mark.parametrize("text", ["", "  "])
def test_there_may_be_no_key(text: str) -> None:
    with pytest.raises(NoKeyError):
        read_keys(text).scope_keys(1, "a")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (KEY, "must be NUMBER:KEY"),
        (f"0:{KEY}", "numbers from 1 to 255"),
        (f"256:{KEY}", "numbers from 1 to 255"),
        (f"01:{KEY}", "must be NUMBER:KEY"),
        (f"1:{KEY},", "must be NUMBER:KEY"),
        (f"1:{KEY[1:]}", "key 1 must be 32 bytes"),
        (f"1:{KEY}=", "key 1 must be 32 bytes"),
        (f"1:{KEY},1:{KEY}", "key 1 appears twice"),
        (",".join(new_key(n) for n in range(1, KEYS_MAX + 2)), "at most 16"),
    ],
)
def test_an_error_says_which_key_is_wrong_and_shows_none(text: str, reason: str) -> None:
    with pytest.raises(InvalidKeysError, match=reason) as caught:
        read_keys(text)
    assert KEY[:20] not in str(caught.value)


def test_no_text_shows_a_key() -> None:
    keys = MasterKeys({7: b"\x01" * 32})
    assert repr(keys) == "MasterKeys([7])"
    assert repr(keys.scope_keys(7, "a")) == "ScopeKeys(secret)"
