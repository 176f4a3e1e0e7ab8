from pathlib import Path

import pytest

from harness.testing.certificates import Authority
from voting.service.tls_files import RenewedFiles, TlsFiles, UnusableFileError


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest.fixture
def files(ours: Authority, tmp_path: Path) -> TlsFiles:
    """Return the files of an authority, a certificate and its key."""
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    pem = ours.sign("service").read_bytes()
    certificate.write_bytes(pem)
    key.write_bytes(pem)
    return TlsFiles("grpc_tls", str(ours.certificate), str(certificate), str(key))


def test_files_that_stay_as_they_are_are_not_renewed(files: TlsFiles) -> None:
    renewed = RenewedFiles(files)
    assert renewed.pem == files.read()
    assert renewed.look() is None


def test_a_certificate_and_its_key_are_renewed_together(
    files: TlsFiles, ours: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    renewed = RenewedFiles(files)
    before = renewed.pem
    pem = ours.sign("service").read_bytes()
    Path(files.certificate).write_bytes(pem)
    assert renewed.look() is None  # the key is still that of the certificate before
    assert renewed.look() is None
    assert renewed.pem == before
    assert caplog.text.count(f"GRPC_TLS_KEY_FILE={files.key} cannot be used") == 1
    Path(files.key).write_bytes(pem)
    assert renewed.look() == (before.ca, pem, pem)
    assert renewed.look() is None


def test_a_secret_that_kubernetes_replaces_in_one_step_is_renewed(
    ours: Authority, tmp_path: Path
) -> None:
    """The files are links through a link to the folder of the moment, which is replaced."""
    mount = tmp_path / "mount"
    mount.mkdir()
    for number in (1, 2):
        moment = mount / f"..{number}"
        moment.mkdir()
        pem = ours.sign("service")
        for file in ("tls.crt", "tls.key"):
            pem.copy(moment / file)
    (mount / "..data").symlink_to("..1")
    for file in ("tls.crt", "tls.key"):
        (mount / file).symlink_to(f"..data/{file}")
    files = TlsFiles("grpc_tls", "", str(mount / "tls.crt"), str(mount / "tls.key"))
    renewed = RenewedFiles(files)
    (mount / "..data_tmp").symlink_to("..2")
    (mount / "..data_tmp").rename(mount / "..data")
    found = renewed.look()
    assert found is not None
    assert found.certificate == (mount / "..2/tls.crt").read_bytes()


def test_authorities_are_renewed(files: TlsFiles, tmp_path: Path) -> None:
    renewed = RenewedFiles(files)
    other = Authority(tmp_path / "other", "other").certificate.read_bytes()
    Path(files.ca).write_bytes(other)
    found = renewed.look()
    assert found is not None
    assert found.ca == other


@pytest.mark.parametrize("contents", [b"", b"-----BEGIN CERTIFICATE-----\nMIIB", None])
def test_a_file_that_cannot_be_used_leaves_the_one_before_in_force(
    files: TlsFiles, contents: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    renewed = RenewedFiles(files)
    good = Path(files.certificate).read_bytes()
    if contents is None:
        Path(files.certificate).unlink()
    else:
        Path(files.certificate).write_bytes(contents)
    assert renewed.look() is None
    assert "the certificates read before stay in use" in caplog.text
    Path(files.certificate).write_bytes(good)
    assert renewed.look() is None
    assert renewed.pem.certificate == good


def test_a_file_replaced_while_it_is_read_is_not_used(
    files: TlsFiles, monkeypatch: pytest.MonkeyPatch, ours: Authority
) -> None:
    def replaced(_: TlsFiles) -> None:
        Path(files.certificate).write_bytes(ours.sign("service").read_bytes())

    monkeypatch.setattr(TlsFiles, "context", replaced)
    with pytest.raises(UnusableFileError, match="is being replaced"):
        files.read()
