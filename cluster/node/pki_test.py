import subprocess
from pathlib import Path

import pytest

from cluster.node import kubeconfig, pki


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki") / "made"
    pki.make(made)
    return made


@pytest.mark.parametrize("leaf", pki.LEAVES, ids=lambda leaf: leaf.file)
def test_a_certificate_verifies_against_its_authority(folder: Path, leaf: pki.Leaf) -> None:
    verify = [
        "openssl",
        "verify",
        "-x509_strict",
        "-CAfile",
        f"{leaf.authority}.crt",
        f"{leaf.file}.crt",
    ]
    subprocess.run(verify, cwd=folder, check=True, capture_output=True)


def test_the_api_servers_certificate_names_its_addresses(folder: Path) -> None:
    show = ["openssl", "x509", "-in", "apiserver.crt", "-noout", "-ext", "subjectAltName"]
    names = subprocess.run(show, cwd=folder, check=True, capture_output=True, text=True).stdout
    for host in ("DNS:kubernetes.default.svc", "IP Address:127.0.0.1", "IP Address:10.96.0.1"):
        assert host in names


def test_only_the_owner_can_read_keys(folder: Path) -> None:
    assert {key.stat().st_mode & 0o077 for key in folder.glob("*.key")} == {0}


def test_only_the_owner_can_read_a_kubeconfig(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    kubeconfig.write(file, folder, "admin", 16443)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "https://127.0.0.1:16443" in file.read_text()
