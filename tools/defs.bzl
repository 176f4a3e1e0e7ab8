"""The one file that the BUILD files of this repository load from."""

load("@pypi//:defs.bzl", _requirement = "requirement")
load("@rules_python//python:defs.bzl", "py_test", _py_binary = "py_binary", _py_library = "py_library")

py_binary = _py_binary
py_library = _py_library
requirement = _requirement

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
