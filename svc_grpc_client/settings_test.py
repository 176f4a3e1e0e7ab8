"""Which files of TLS go together."""

from pathlib import Path

import pytest

from harness.testing.certificates import good_and_bad_files
from svc_grpc_client.settings import GrpcClientSettings
from voting.service.settings import SettingError, read_settings
from voting.service.tls_files import TlsFiles


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    return good_and_bad_files(tmp_path)


def refusal(files: dict[str, str], **named: str) -> SettingError:
    environ = {f"GRPC_TLS_{kind}_FILE": files[name] for kind, name in named.items()}
    with pytest.raises(SettingError) as caught:
        read_settings(GrpcClientSettings, environ)
    return caught.value


def test_by_default_there_is_no_tls() -> None:
    assert GrpcClientSettings().grpc_tls is None


def test_authorities_mean_tls(files: dict[str, str]) -> None:
    settings = read_settings(GrpcClientSettings, {"GRPC_TLS_CA_FILE": files["ca"]})
    assert settings.grpc_tls == TlsFiles("grpc_tls", files["ca"], "", "")


def test_a_certificate_needs_authorities_of_the_servers(files: dict[str, str]) -> None:
    error = refusal(files, CERTIFICATE="pem")
    assert str(error).startswith(
        "setting GRPC_TLS_CA_FILE: required with GRPC_TLS_CERTIFICATE_FILE"
    )


def test_a_key_needs_a_certificate(files: dict[str, str]) -> None:
    assert refusal(files, CA="ca", KEY="pem").name == "GRPC_TLS_CERTIFICATE_FILE"


@pytest.mark.parametrize(
    ("named", "wrong"),
    [
        ({"CA": "missing"}, "CA"),
        ({"CA": "no pem"}, "CA"),
        ({"CA": "ca", "CERTIFICATE": "missing"}, "CERTIFICATE"),
        ({"CA": "ca", "CERTIFICATE": "ca"}, "CERTIFICATE"),  # no key in it
        ({"CA": "ca", "CERTIFICATE": "pem", "KEY": "other"}, "KEY"),  # of another certificate
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    files: dict[str, str], named: dict[str, str], wrong: str
) -> None:
    error = refusal(files, **named)
    assert error.name == f"GRPC_TLS_{wrong}_FILE"
    assert files[named[wrong]] in str(error)
