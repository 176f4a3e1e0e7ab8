"""Which files of TLS go together."""

from pathlib import Path

import pytest

from harness.testing.certificates import good_and_bad_files
from svc_grpc_server.settings import GrpcServerSettings
from voting.service.settings import SettingError, read_settings
from voting.service.tls_files import TlsFiles


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return good_and_bad_files(tmp_path)


def refusal(files: dict[str, str], **named: str) -> SettingError:
    environ = {f"GRPC_TLS_{kind}_FILE": files[name] for kind, name in named.items()}
    with pytest.raises(SettingError) as caught:
        read_settings(GrpcServerSettings, environ)
    return caught.value


def test_by_default_there_is_no_tls() -> None:
    assert GrpcServerSettings().grpc_tls is None


def test_a_certificate_means_tls(files: dict[str, str]) -> None:
    settings = read_settings(GrpcServerSettings, {"GRPC_TLS_CERTIFICATE_FILE": files["pem"]})
    assert settings.grpc_tls == TlsFiles("grpc_tls", "", files["pem"], "")


@pytest.mark.parametrize("kind", ["KEY", "CA"])
def test_other_files_need_a_certificate(files: dict[str, str], kind: str) -> None:
    error = refusal(files, **{kind: "pem"})
    assert str(error).startswith(
        f"setting GRPC_TLS_CERTIFICATE_FILE: required with GRPC_TLS_{kind}_FILE"
    )


@pytest.mark.parametrize(
    ("named", "wrong"),
    [
        ({"CERTIFICATE": "missing"}, "CERTIFICATE"),
        ({"CERTIFICATE": "no pem"}, "CERTIFICATE"),
        ({"CERTIFICATE": "ca"}, "CERTIFICATE"),  # no key in it
        ({"CERTIFICATE": "pem", "KEY": "missing"}, "KEY"),
        ({"CERTIFICATE": "pem", "KEY": "other"}, "KEY"),  # of another certificate
        ({"CERTIFICATE": "pem", "CA": "missing"}, "CA"),
        ({"CERTIFICATE": "pem", "CA": "no pem"}, "CA"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    files: dict[str, str], named: dict[str, str], wrong: str
) -> None:
    error = refusal(files, **named)
    assert error.name == f"GRPC_TLS_{wrong}_FILE"
    assert files[named[wrong]] in str(error)
