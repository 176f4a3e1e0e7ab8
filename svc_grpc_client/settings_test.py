import pytest

from svc_grpc_client.settings import GrpcClientSettings
from voting.service.settings import SettingError, read_settings
from voting.voters.keys import new_key

KEY = new_key(1).partition(":")[2]


def test_the_keys_of_voters_tokens_are_read_and_never_shown() -> None:
    settings = read_settings(GrpcClientSettings, {"VOTER_KEYS": f"1:{KEY}"})
    assert settings.master_keys.scope_keys(1, "awards-2026")
    assert KEY not in f"{settings!r} {settings} {settings.master_keys!r}"


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
        read_settings(GrpcClientSettings, {"VOTER_KEYS": text})
    assert reason in str(caught.value)
    assert KEY not in str(caught.value)
