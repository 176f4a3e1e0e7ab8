from enum import StrEnum
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from voting.service.settings import (
    Port,
    SettingError,
    Settings,
    describe_settings,
    load_settings,
    read_settings,
)


class Size(StrEnum):
    SMALL = "small"
    LARGE = "Large"


class Example(Settings, frozen=True, kw_only=True):
    port: Annotated[Port, Meta(description="Where to listen.")] = 8000
    ratio: Annotated[float, Meta(gt=0)] = 0.5
    port_high: Annotated[int, Meta(ge=1)] = 1
    size: Size = Size.SMALL
    lean: bool = True
    protocol: Literal["PLAIN", "SASL_SSL"] = "PLAIN"
    url: Annotated[str, Meta(pattern="^redis://")] = "redis://host"


def test_without_variables_the_defaults_apply() -> None:
    assert read_settings(Example, {}) == Example()


def test_variables_are_read_by_upper_case_name() -> None:
    assert read_settings(Example, {"PORT": "9", "RATIO": "2", "OTHER": "x"}) == Example(
        port=9, ratio=2.0
    )


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("LOG_LEVEL", "DEBUG", "debug"),
        ("LOG_LEVEL", "Warning", "warning"),
        ("PROTOCOL", "sasl_ssl", "SASL_SSL"),
        ("SIZE", "LARGE", Size.LARGE),
        ("LEAN", "FALSE", False),
        ("LEAN", "no", False),
        ("LEAN", "0", False),
        ("LEAN", "Yes", True),
        ("LEAN", "on", True),
    ],
)
def test_case_does_not_matter_for_a_fixed_set_of_values(
    name: str, value: str, meant: object
) -> None:
    assert getattr(read_settings(Example, {name: value}), name.lower()) == meant


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PORT", "http", "must be a whole number from 1 to 65535"),
        ("PORT", "0", "must be a whole number from 1 to 65535"),
        ("PORT", "65536", "must be a whole number from 1 to 65535"),
        ("PORT", "80.5", "must be a whole number from 1 to 65535"),
        ("PORT", "", "must be a whole number from 1 to 65535"),
        ("PORT", "0" * 41 + "1", "must be a whole number from 1 to 65535"),
        ("PORT_HIGH", "-1", "must be a whole number of at least 1"),
        ("RATIO", "0", "must be a number above 0"),
        ("RATIO", "nan", "must be a number above 0"),
        ("RATIO", "inf", "must be a number above 0"),
        ("LOG_LEVEL", "loud", "must be one of debug, error, info, warning"),
        ("SIZE", "medium", "must be one of small, Large"),
        ("LEAN", "perhaps", "must be true or false"),
        ("HOST", "", "must not be empty"),
        ("URL", "http://host", "must match ^redis://"),
    ],
)
def test_an_invalid_value_is_named_with_what_is_allowed(name: str, value: str, reason: str) -> None:
    with pytest.raises(SettingError) as caught:
        read_settings(Example, {name: value})
    assert caught.value.name == name
    assert str(caught.value) == f"setting {name}: {reason}, got {value!r}"


def test_every_setting_is_described() -> None:
    rows = describe_settings(Example)
    assert [name for name, _, _ in rows] == [
        field.upper() for field in sorted(Example.__struct_fields__)
    ]
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
