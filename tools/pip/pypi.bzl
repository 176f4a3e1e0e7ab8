"""@pypi: every wheel of requirements_lock.txt, and the Python it was installed for.

@pypi_amd64 and @pypi_arm64 are the same for a machine with that processor. A distribution of @pypi
is the other repository's where Bazel builds for the other processor.
"""

load("//tools/oci:processors.bzl", "PROCESSORS")

_PYTHON = "python3.14"

_BUILD_SUFFIX = """
load("@rules_python//python:defs.bzl", "py_runtime", "py_runtime_pair")

py_runtime(
    name = "python",
    interpreter_path = "{python}",
    python_version = "PY3",
    stub_shebang = "#!{python}",
)

py_runtime_pair(
    name = "python_pair",
    py3_runtime = ":python",
)

toolchain(
    name = "python_toolchain",
    toolchain = ":python_pair",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)
"""

_DEFS = '''"""Labels of the locked distributions."""

def requirement(name):
    """The py_library of a distribution, by the name it has in requirements.in."""
    return "@pypi//:" + name.lower().replace("-", "_").replace(".", "_")
'''

def _run(rctx, what, arguments):
    rctx.report_progress(what)
    result = rctx.execute(
        arguments,
        timeout = 1800,
        environment = {
            # A folder of wheels that this machine's user set up may not exist where the build runs.
            "PIP_FIND_LINKS": "",
            # Sets are compiled in the order of hashes: the same one in each clone, so that they
            # can share what they build.
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": "",
        },
    )
    if result.return_code:
        fail("%s failed:\n%s%s" % (what, result.stdout, result.stderr))
    return result.stdout.strip()

def _find_python(rctx):
    found = rctx.which(_PYTHON)
    if not found:
        fail("there is no %s on PATH" % _PYTHON)

    # PATH may hold a launcher (pyenv has one): the interpreter itself is what targets run on.
    return _run(rctx, "asking for the interpreter", [found, "-c", "import sys; print(sys.executable)"])

# The C libraries that wheels are built for, up to that of the images.
_MANYLINUX = ["manylinux2014"] + ["manylinux_2_%d" % minor for minor in range(17, 44)]

def _wheels_for(machine):
    """Pip's options for the wheels of such a machine; for our own, pip knows."""
    tags = ["%s_%s" % (tag, machine) for tag in _MANYLINUX]
    return [
        "--implementation=cp",
        "--python-version=3.14",
    ] + ["--platform=" + tag for tag in tags]

def _own_machine(rctx):
    """Java has a name of its own for it."""
    return "x86_64" if rctx.os.arch == "amd64" else rctx.os.arch

def _without(lock, left_out):
    """The lock file without these distributions, each of which is an entry `name==... \\`."""
    kept, keep = [], True
    for line in lock.splitlines():
        if line[:1].isalnum():
            keep = line.partition("=")[0].partition("[")[0] not in left_out
        if keep:
            kept.append(line)
    return "\n".join(kept) + "\n"

def _pypi_repository_impl(rctx):
    python = _find_python(rctx)
    machine = PROCESSORS[rctx.attr.processor].machine if rctx.attr.processor else None
    rctx.file("lock.txt", _without(rctx.read(rctx.attr.requirements_lock), rctx.attr.left_out))
    write_build = rctx.path(rctx.attr._write_build)

    _run(rctx, "making a virtual environment", [python, "-m", "venv", "venv"])
    _run(rctx, "installing wheels", [
        "venv/bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
        "--no-compile",
        "--require-hashes",
        "--only-binary=:all:",
        "--target=site-packages",
        "--requirement=lock.txt",
    ] + (_wheels_for(machine) if machine else []))

    # Compiled once here, not at the start of each test. Checked by nothing, so that the bytes
    # depend on the source alone; the prefix keeps this machine's paths out of them.
    _run(rctx, "compiling wheels", [
        python,
        "-m",
        "compileall",
        "-qq",
        "-j0",
        "--invalidation-mode=unchecked-hash",
        "-s.",
        "site-packages",
    ])
    if machine:
        options, suffix = ["--machine=" + machine], ""
    else:
        others = [name for name, other in PROCESSORS.items() if other.machine != _own_machine(rctx)]
        options = ["--elsewhere=" + name for name in others]
        suffix = _BUILD_SUFFIX.format(python = python)
        rctx.file("defs.bzl", _DEFS)
    writing = [python, "-B", write_build, "site-packages", "lock.txt"]
    build = _run(rctx, "writing BUILD.bazel", writing + options)
    rctx.delete("venv")
    rctx.file("BUILD.bazel", build + suffix)

pypi_repository = repository_rule(
    implementation = _pypi_repository_impl,
    attrs = {
        "left_out": attr.string_list(doc = "Distributions of the lock file to leave out."),
        "processor": attr.string(doc = "amd64 or arm64; empty for this machine's."),
        "requirements_lock": attr.label(mandatory = True, allow_single_file = True),
        "_write_build": attr.label(default = "//tools/pip:write_build.py", allow_single_file = True),
    },
    doc = """Installs the locked wheels with pip, each file checked against its hash.

    The repository has one py_library per distribution, named as in defs.bzl's `requirement`.
    pip's own cache spares a second clone the download.
    """,
)
