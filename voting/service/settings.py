"""Settings from environment variables: checked at startup, listed by `--help`."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, NoReturn

import msgspec
from msgspec import Meta, inspect

from voting.service.setting_values import read_value

Port = Annotated[int, Meta(ge=1, le=65535)]
LeanPath = Annotated[
    bool, Meta(description="Handle ordinary votes on the lean path, ahead of Sanic.")
]
SamplerName = Literal[
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
]

_URL_OR_NONE: Final = r"^(https?://.+)?$"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of every service. The field `log_level` is the variable `LOG_LEVEL`."""

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Log level: debug, info, warning or error."),
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"],
        Meta(description="Log lines as text, or as one JSON object each."),
    ] = "text"
    host: Annotated[
        str, Meta(description="Address to listen on; `::` means all, IPv4 and IPv6.", min_length=1)
    ] = "127.0.0.1"
    otel_sdk_disabled: Annotated[
        bool, Meta(description="Whether no traces are sent, whatever else is set.")
    ] = False
    otel_service_name: Annotated[
        str, Meta(description="The service's name in traces, if not its own.")
    ] = ""
    otel_exporter_otlp_endpoint: Annotated[
        str,
        Meta(
            description="Where traces go (OTLP over HTTP), without /v1/traces; empty: nowhere.",
            pattern=_URL_OR_NONE,
        ),
    ] = ""
    otel_exporter_otlp_traces_endpoint: Annotated[
        str,
        Meta(description="The same as a whole URL; goes first.", pattern=_URL_OR_NONE),
    ] = ""
    otel_exporter_otlp_protocol: Annotated[
        Literal["http/protobuf"], Meta(description="How traces are sent.")
    ] = "http/protobuf"
    otel_traces_sampler: Annotated[
        SamplerName,
        Meta(description="What is traced; parentbased_*: a traceparent decides, if there is one."),
    ] = "parentbased_always_on"
    otel_traces_sampler_arg: Annotated[
        float, Meta(description="The share that traceidratio takes.", ge=0, le=1)
    ] = 1.0

    @property
    def traces_endpoint(self) -> str:
        """Where traces are sent; empty if nowhere."""
        return self.otel_exporter_otlp_traces_endpoint or self.otel_exporter_otlp_endpoint

    @property
    def has_traces(self) -> bool:
        """Whether traces are recorded."""
        return bool(self.traces_endpoint) and not self.otel_sdk_disabled

    def __post_init__(self) -> None:
        """Check what types cannot express; raise what `wrong` returns."""

    def __repr__(self) -> str:
        """Return no values: some are passwords, and many people read logs."""
        return f"{type(self).__name__}(...)"


class SettingError(ValueError):
    """A setting has a value that cannot be used; `name` is its environment variable."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"setting {name}: {reason}")
        self.name = name


def wrong(field: str, reason: str) -> ValueError:
    """Return the error for `__post_init__` to raise: `field` is wrong because of `reason`."""
    return ValueError(f"{reason} - at `$.{field}`")  # formatted like msgspec's own errors


def read_settings[S: Settings](cls: type[S], environ: Mapping[str, str]) -> S:
    """Return the settings in `environ`, or raise `SettingError` naming the first wrong one."""
    given = {
        name: environ[name.upper()] for name in cls.__struct_fields__ if name.upper() in environ
    }
    try:
        return msgspec.convert(_read_values(cls, given), cls)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        name = path.removesuffix("`") or re.sub(r".*`(\w+)`$", r"\1", reason)
        raise SettingError(name.upper(), reason + _shown(name, given.get(name))) from error


def _read_values(cls: type[Settings], given: Mapping[str, str]) -> dict[str, object]:
    values = {}
    for field in _fields(cls):
        if (text := given.get(field.name)) is not None:
            try:
                values[field.name] = read_value(field.type, text)
            except ValueError as error:
                raise SettingError(
                    field.name.upper(), f"{error}{_shown(field.name, text)}"
                ) from error
    return values


def _fields(cls: type[Settings]) -> Sequence[inspect.Field]:
    kind = inspect.type_info(cls)
    return kind.fields if isinstance(kind, inspect.StructType) else ()


def _shown(name: str, value: str | None) -> str:
    named_secret = any(word in name for word in ("password", "token", "voter_keys", "signing_key"))
    secret = value is None or named_secret or may_hold_password(value)
    return "" if secret else f", got {value!r}"


def may_hold_password(url: str) -> bool:
    """Whether a URL may hold a password: before its host, or among its options."""
    return "@" in url or "password" in url.lower()


def describe_settings(cls: type[Settings]) -> list[tuple[str, str, str]]:
    """Return (variable, default, meaning) for each setting, in order of the variables' names."""
    rows = []
    for field in _fields(cls):
        schema = getattr(field.type, "extra_json_schema", None) or {}
        default = "(required)" if field.default is msgspec.NODEFAULT else str(field.default)
        rows.append((field.name.upper(), default, schema.get("description", "")))
    return sorted(rows)


def load_settings[S: Settings](cls: type[S], service: str, argv: Sequence[str] | None = None) -> S:
    """Return the settings of this process.

    For `--help`, prints the list of settings and exits 0. For an invalid setting or an unexpected
    argument, prints its name on standard error and exits 2.
    """
    argv = sys.argv[1:] if argv is None else argv
    if argv:
        if set(argv) & {"-h", "--help"}:
            print(_help_text(cls, service))
            raise SystemExit(0)
        _refuse(service, f"unknown argument {argv[0]!r}: settings are environment variables")
    try:
        return read_settings(cls, os.environ)
    except SettingError as error:
        _refuse(service, str(error))


def _refuse(service: str, reason: str) -> NoReturn:
    print(f"{service}: {reason} (see {service} --help)", file=sys.stderr)
    raise SystemExit(2)


def _help_text(cls: type[Settings], service: str) -> str:
    rows = describe_settings(cls)
    lines = [f"{name}={default}\n    {meaning}" for name, default, meaning in rows]
    return "\n".join([f"{service} is configured by environment variables:", "", *lines])
