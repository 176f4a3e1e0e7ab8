import os
import subprocess
from pathlib import Path

from harness.processes.ports import free_port
from harness.servers.services import Service


def test_a_service_runs_from_another_checkout(tmp_path: Path) -> None:
    package = tmp_path / "svc_http_route"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import voting\nprint('older', voting.__name__)")
    older = Service("svc_http_route", free_port(), tmp_path, {}, source=tmp_path)
    environment = {**os.environ, **older.environment()}
    output = subprocess.run(older.command(), env=environment, capture_output=True, check=True)
    assert output.stdout == b"older voting\n"
