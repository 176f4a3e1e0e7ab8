import pytest

from voting.service.settings import SettingError, Settings, read_settings
from voting.service.voter_keys import VoterKeys, check_voter_keys
from voting.voters.keys import new_key, read_keys

KEY = new_key(1).partition(":")[2]


class RouteSettings(Settings, frozen=True, kw_only=True):
    voter_keys: VoterKeys = ""

    def __post_init__(self) -> None:
        check_voter_keys(self.voter_keys)


def test_the_keys_of_voters_tokens_are_read_and_never_shown() -> None:
    settings = read_settings(RouteSettings, {"VOTER_KEYS": f"1:{KEY}"})
    assert read_keys(settings.voter_keys).scope_keys(1, "awards-2026")
    assert KEY not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (KEY, "must be NUMBER:KEY, comma-separated"),
        (f"1:{KEY}x", "key 1 must be 32 bytes"),
        (f"1:{KEY}, 1:{KEY}", "key 1 appears twice"),
    ],
)
def test_wrong_keys_are_refused_and_not_shown(text: str, reason: str) -> None:
    with pytest.raises(SettingError, match="setting VOTER_KEYS: ") as caught:
        read_settings(RouteSettings, {"VOTER_KEYS": text})
    assert reason in str(caught.value)
    assert KEY not in str(caught.value)
