import pytest

from svc_voters.settings import VotersSettings
from voting.service.settings import SettingError, read_settings

LOGIN = {
    "IDENTITY_JWKS_URL": "https://login.example/jwks",
    "IDENTITY_ISSUER": "https://login.example",
    "IDENTITY_AUDIENCE": "voting",
}


def test_a_login_has_three_settings() -> None:
    assert read_settings(VotersSettings, LOGIN).identity_audience == "voting"
    for name in LOGIN:
        with pytest.raises(SettingError, match=f"setting {name}: is required"):
            read_settings(VotersSettings, {**LOGIN, name: ""})


@pytest.mark.parametrize("url", ["login.example", "file:///etc/passwd", "https://", "https://["])
def test_the_keys_of_a_login_have_an_address(url: str) -> None:
    with pytest.raises(SettingError, match="setting IDENTITY_JWKS_URL: "):
        read_settings(VotersSettings, {**LOGIN, "IDENTITY_JWKS_URL": url})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENS_PER_SECOND", "0"),
        ("TOKENS_AT_ONCE", "0"),
        ("WRONG_CODES_PER_SECOND", "0"),
        ("WRONG_CODES_AT_ONCE", "0"),
        ("PROOF_OF_WORK", "-1"),
        ("PROOF_OF_WORK", "10000001"),
        ("TRUSTED_PROXIES", "entry"),
        ("VOTER_KEYS", "secret"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"setting {name}: ") as caught:
        read_settings(VotersSettings, {name: value})
    assert "secret" not in str(caught.value)
