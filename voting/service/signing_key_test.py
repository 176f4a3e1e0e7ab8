import pytest

from voting.service.settings import SettingError, Settings, read_settings
from voting.service.signing_key import SigningKeySetting, check_signing_key, signing_key_of
from voting.signing.keys import SigningKey

KEY = SigningKey.new("votes.example.org")


class SigningSettings(Settings, frozen=True, kw_only=True):
    signing_key: SigningKeySetting = ""

    def __post_init__(self) -> None:
        check_signing_key(self.signing_key)


def test_the_key_is_read_and_never_shown() -> None:
    settings = read_settings(SigningSettings, {"SIGNING_KEY": KEY.text})
    key = signing_key_of(settings.signing_key)
    assert key is not None
    assert key.verifier == KEY.verifier
    assert KEY.text not in f"{settings!r} {settings}"


def test_without_the_setting_there_is_no_key() -> None:
    assert signing_key_of(read_settings(SigningSettings, {}).signing_key) is None


@pytest.mark.parametrize("text", ["PRIVATE+KEY+", KEY.text[:-1], str(KEY.verifier), " "])
def test_a_wrong_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingError, match="setting SIGNING_KEY: ") as caught:
        read_settings(SigningSettings, {"SIGNING_KEY": text})
    assert KEY.text[-40:-1] not in str(caught.value)
