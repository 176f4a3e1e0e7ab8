"""@debian_amd64, @debian_arm64: the packages that images are made of, each as its .deb file."""

def _debian_packages_impl(rctx):
    python = rctx.which("python3.14")
    if not python:
        fail("there is no python3.14 on PATH")
    rctx.report_progress("fetching Debian's packages")
    result = rctx.execute(
        [python, "-B", rctx.path(rctx.attr._fetch), rctx.path(rctx.attr.packages), rctx.attr.processor, "."],
        timeout = 1800,
    )
    if result.return_code:
        fail("images need packages of Debian forky, and apt did not get them:\n" + result.stderr)
    rctx.file("BUILD.bazel", 'exports_files(glob(["*.deb"]))\n')

debian_packages = repository_rule(
    implementation = _debian_packages_impl,
    attrs = {
        "packages": attr.label(mandatory = True, allow_single_file = True),
        "processor": attr.string(mandatory = True),
        "_fetch": attr.label(default = "//tools/oci:fetch_packages.py", allow_single_file = True),
    },
    doc = """Downloads the listed packages for one processor with apt, which checks Debian's signatures.

    The mirror is the one that apt is set up with. The packages are kept below the home folder by
    the hash of the list and of apt's sources: clones on one machine get the same.
    """,
    environ = ["BAZELW_CACHE", "HOME", "PATH", "XDG_CACHE_HOME"],
)
