"""The one file that the BUILD files of this repository load from."""

load("@programs//:defs.bzl", _needs = "needs")
load("@pypi//:defs.bzl", _requirement = "requirement")
load("@rules_python//python:defs.bzl", "py_test", _py_binary = "py_binary", _py_library = "py_library")
load("//tools/oci:defs.bzl", "py_image")
load("//tools/services:roster.bzl", _SERVICES = "SERVICES")

py_binary = _py_binary
py_library = _py_library
requirement = _requirement
needs = _needs

# The services, in the order of tools/services/roster.bzl: what to run, what to import.
SERVICES = ["//" + name for name in _SERVICES]
SERVICE_LIBS = ["//%s:lib" % name for name in _SERVICES]

# Their images by name, and those without labels, which do not change with the commit.
SERVICE_IMAGES = {name: "//%s:image" % name for name in _SERVICES}
SERVICE_IMAGES_UNLABELLED = ["//%s:image_unlabelled" % name for name in _SERVICES]

def py_service(name, deps, base = [], base_deps = []):
    """What every service has: the program, its image, its library. The ports are the roster's.

    `bazel run //NAME` runs it (with --help: its settings), `bazel build //NAME:image` builds its
    image, `bazel run //NAME:push -- --help` pushes that. The composition root is service.py, and
    __main__.py only starts it.

    Args:
        name: the service's name in tools/services/roster.bzl, which is also its folder's.
        deps: what `:lib` imports, which is all modules of this folder but the tests.
        base: modules that packages below this one import; they are `:base` instead.
        base_deps: what these import.
    """
    if native.package_name() != name or name not in _SERVICES:
        fail("%s must be in //%s and in //tools/services:roster.bzl" % (name, name))
    _py_binary(
        name = name,
        srcs = ["__main__.py"],
        main = "__main__.py",
        deps = [":lib"],
    )
    service = _SERVICES[name]
    py_image(
        name = "image",
        binary = ":" + name,
        ports = [service[port] for port in ["grpc_port", "port"] if port in service],
    )
    if base:
        _py_library(
            name = "base",
            srcs = base,
            deps = base_deps,
        )
    _py_library(
        name = "lib",
        srcs = native.glob(
            ["*.py"],
            exclude = base + [
                "*_test.py",
                "__main__.py",
            ],
        ),
        deps = deps + ([":base"] if base else []),
    )

def py_pytest(name, srcs, deps = [], data = [], args = [], **kwargs):
    """A test that pytest runs, with the settings of //:pyproject.toml.

    Imports start at the repository's root: `from voting.domain.vote import Vote`.

    Args:
        name: the test's name.
        srcs: modules named x_test.py, which pytest collects, and helpers such as conftest.py.
        deps: what they import; pytest and its plugins are there already.
        data: files that they read.
        args: further options for pytest.
        **kwargs: passed to py_test: size, tags, env and so on.
    """
    py_test(
        name = name,
        srcs = srcs + ["//tools/pytest:main.py"],
        main = "//tools/pytest:main.py",
        args = ["$(rootpath %s)" % src for src in srcs if src.endswith("_test.py")] + args,
        data = data + ["//:pyproject.toml"],
        deps = deps + [
            requirement("pytest"),
            requirement("pytest-asyncio"),
            requirement("pytest-timeout"),
        ],
        **kwargs
    )
