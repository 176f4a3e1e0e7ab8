"""The linter of imports, over small trees that each break a contract."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFIGURATION = """
[importlinter]
root_packages =
    low
    svc_*
    high
contract_types =
    package_order: tools.lint.contracts.PackageOrder
    production_acyclic: tools.lint.contracts.ProductionAcyclic
    no_test_code: tools.lint.contracts.NoTestCode

[importlinter:contract:order]
name = Order
type = package_order
layers =
    high
    svc_*
    low

[importlinter:contract:circles]
name = Circles
type = production_acyclic
ancestors = low

[importlinter:contract:test-code]
name = Test code
type = no_test_code
"""

KEPT = {
    ".importlinter": CONFIGURATION,
    "high/__init__.py": "",
    "high/caller.py": "import low.called",
    "svc_one/__init__.py": "import low.called",
    "svc_two/__init__.py": "",
    "low/__init__.py": "",
    "low/called.py": "",
    "low/called_test.py": "import high.caller, low.testing.fakes",
    "low/testing/__init__.py": "",
    "low/testing/fakes.py": "import high.caller, low.called_test",
}


def lint(folder: Path, files: dict[str, str]) -> tuple[int, str]:
    """Run the linter over the files as a tree; return its exit status and what it printed."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "tools.lint.contracts"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_production_code_imports_downwards_and_test_code_anything(tmp_path: Path) -> None:
    status, output = lint(tmp_path, KEPT)
    assert (status, "3 kept, 0 broken" in output) == (0, True), output


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"low/called.py": "import high"}, "low.called -> high (l.1)"),
        ({"low/called.py": "def f():\n  from high import x"}, "low.called -> high (l.2)"),
        ({"low/a.py": "import low.b", "low/b.py": "import low.a"}, "Circles BROKEN"),
        ({"low/called.py": "import low.testing.fakes"}, "test code: low.testing.fakes"),
        ({"high/caller.py": "import low.called_test"}, "test code: low.called_test"),
        ({"svc_two/__init__.py": "import svc_one"}, "svc_two -> svc_one (l.1)"),
        ({"other/__init__.py": ""}, "other is not in any layer"),
        ({"tools/other/__init__.py": ""}, "tools.other is not in any layer"),
    ],
)
def test_a_violation_fails_and_is_named(
    tmp_path: Path, broken: dict[str, str], message: str
) -> None:
    status, output = lint(tmp_path, {**KEPT, **broken})
    assert status == 1
    assert message in output
