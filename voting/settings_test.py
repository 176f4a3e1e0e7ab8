from typing import Annotated

import pytest
from msgspec import Meta

from voting.settings import (
    Port,
    SettingError,
    Settings,
    describe_settings,
    load_settings,
    read_settings,
)


class Example(Settings, frozen=True, kw_only=True):
    port: Annotated[Port, Meta(description="Where to listen.")] = 8000
    ratio: Annotated[float, Meta(gt=0)] = 0.5
    url: Annotated[str, Meta(pattern="^redis://")] = "redis://host"


def test_defaults_hold_without_variables() -> None:
    assert read_settings(Example, {}) == Example()


def test_variables_are_read_by_upper_case_name() -> None:
    assert read_settings(Example, {"PORT": "9", "RATIO": "2", "OTHER": "x"}) == Example(
        port=9, ratio=2.0
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "0"), ("PORT", "65536"), ("RATIO", "0"), ("LOG_LEVEL", "loud")],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError) as caught:
        read_settings(Example, {name: value})
    assert caught.value.name == name
    assert repr(value) in str(caught.value)


def test_every_setting_is_described() -> None:
    rows = describe_settings(Example)
    assert [name for name, _, _ in rows] == ["HOST", "LOG_LEVEL", "PORT", "RATIO", "URL"]
    assert ("PORT", "8000", "Where to listen.") in rows


def test_a_wrong_setting_ends_the_process_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(SystemExit) as caught:
        load_settings(Example, "svc_example", [])
    assert caught.value.code == 2
    assert "svc_example: setting PORT:" in capsys.readouterr().err


def test_an_argument_ends_the_process_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load_settings(Example, "svc_example", ["--port=1"])
    assert caught.value.code == 2
    assert "--port=1" in capsys.readouterr().err


def test_help_lists_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load_settings(Example, "svc_example", ["--help"])
    assert caught.value.code == 0
    assert "PORT=8000\n    Where to listen." in capsys.readouterr().out


@pytest.mark.parametrize("url", ["redis//user:secret@host", "redis//host?password=secret"])
def test_a_password_in_a_wrong_value_is_not_shown(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        read_settings(Example, {"URL": url})
    assert "secret" not in str(caught.value)
