import subprocess
from pathlib import Path

import pytest

from voting.ledger.connection import connection_arguments
from voting.ledger.settings import KafkaSettings
from voting.service.settings import SettingError, read_settings

SASL = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_USERNAME": "voting",
    "KAFKA_SASL_PASSWORD": "secret",
}


def refusal(**environ: str) -> SettingError:
    with pytest.raises(SettingError) as caught:
        read_settings(KafkaSettings, environ)
    return caught.value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a certificate, its key, and the same key encrypted."""
    folder = tmp_path_factory.mktemp("pki")
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=x"
    for command in (
        f"{new} -noenc -keyout key.pem -out certificate.pem",
        "openssl pkcs8 -topk8 -in key.pem -passout pass:secret -out encrypted.pem",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


def test_by_default_there_is_no_tls_and_no_login() -> None:
    assert connection_arguments(KafkaSettings()) == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "PLAINTEXT",
    }


def test_user_password_and_tls_reach_the_client() -> None:
    settings = read_settings(KafkaSettings, SASL | {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"})
    arguments = connection_arguments(settings)
    context = arguments.pop("ssl_context")
    assert context.check_hostname
    assert arguments == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "voting",
        "sasl_plain_password": "secret",
    }


@pytest.mark.parametrize("servers", ["a:1", "a-1.b_c:9092,10.0.0.1:65535", "[::1]:9092"])
def test_brokers_are_host_and_port(servers: str) -> None:
    assert read_settings(KafkaSettings, {"KAFKA_BOOTSTRAP_SERVERS": servers})


@pytest.mark.parametrize(
    "servers",
    ["a", "a:", ":1", "a:1,", "a:1, b:2", "a:0", "a:65536", "a:x", "kafka://a:1", "a:1;b:2"],
)
def test_other_brokers_are_refused(servers: str) -> None:
    assert refusal(KAFKA_BOOTSTRAP_SERVERS=servers).name == "KAFKA_BOOTSTRAP_SERVERS"


@pytest.mark.parametrize("missing", ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"])
def test_sasl_needs_user_and_password(missing: str) -> None:
    assert refusal(**SASL | {missing: ""}).name == missing


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_a_user_without_sasl_is_refused(protocol: str) -> None:
    error = refusal(**SASL | {"KAFKA_SECURITY_PROTOCOL": protocol})
    assert error.name == "KAFKA_SASL_USERNAME"


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SASL_PLAINTEXT"])
def test_files_without_tls_are_refused(protocol: str) -> None:
    sasl = SASL if protocol == "SASL_PLAINTEXT" else {}
    given = {"KAFKA_SECURITY_PROTOCOL": protocol, "KAFKA_TLS_CA_FILE": "/ca.pem"}
    assert refusal(**sasl | given).name == "KAFKA_TLS_CA_FILE"


def test_a_password_is_never_shown() -> None:
    error = refusal(KAFKA_SASL_PASSWORD="secret")
    assert error.name == "KAFKA_SASL_PASSWORD"
    assert "secret" not in str(error)
    assert "secret" not in repr(read_settings(KafkaSettings, SASL))


def test_certificate_and_key_are_used(folder: Path) -> None:
    for key in ("", str(folder / "key.pem")):
        certificate = folder / "certificate.pem"
        both = folder / "both.pem"
        both.write_bytes(certificate.read_bytes() + (folder / "key.pem").read_bytes())
        given = {
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_TLS_CA_FILE": str(certificate),
            "KAFKA_TLS_CERTIFICATE_FILE": str(certificate if key else both),
            "KAFKA_TLS_KEY_FILE": key,
        }
        context = connection_arguments(read_settings(KafkaSettings, given))["ssl_context"]
        assert len(context.get_ca_certs()) == 1  # not the system's


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"CA": "missing.pem"}, "KAFKA_TLS_CA_FILE"),
        ({"CA": "key.pem"}, "KAFKA_TLS_CA_FILE"),
        ({"CERTIFICATE": "missing.pem"}, "KAFKA_TLS_CERTIFICATE_FILE"),
        ({"CERTIFICATE": "certificate.pem"}, "KAFKA_TLS_CERTIFICATE_FILE"),  # no key in it
        ({"KEY": "key.pem"}, "KAFKA_TLS_CERTIFICATE_FILE"),
        ({"CERTIFICATE": "certificate.pem", "KEY": "missing.pem"}, "KAFKA_TLS_KEY_FILE"),
        ({"CERTIFICATE": "certificate.pem", "KEY": "encrypted.pem"}, "KAFKA_TLS_KEY_FILE"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    folder: Path, files: dict[str, str], name: str
) -> None:
    given = {f"KAFKA_TLS_{kind}_FILE": str(folder / file) for kind, file in files.items()}
    assert refusal(KAFKA_SECURITY_PROTOCOL="SSL", **given).name == name
