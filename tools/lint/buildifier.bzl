"""@buildifier: the formatter of BUILD files, built by Go from its locked module."""

def _buildifier_repository_impl(rctx):
    for file in (rctx.attr.go_mod, rctx.attr.go_sum):
        rctx.symlink(file, file.name)
    rctx.report_progress("building buildifier")
    result = rctx.execute(
        ["go", "build", "-mod=readonly", "github.com/bazelbuild/buildtools/buildifier"],
        environment = {"GOTOOLCHAIN": "local"},  # the Go that is here, not a download
        timeout = 1800,
    )
    if result.return_code:
        fail("go build failed:\n" + result.stderr)
    rctx.file("BUILD.bazel", 'exports_files(["buildifier"])')

buildifier_repository = repository_rule(
    implementation = _buildifier_repository_impl,
    attrs = {
        "go_mod": attr.label(mandatory = True, allow_single_file = True),
        "go_sum": attr.label(mandatory = True, allow_single_file = True),
    },
    doc = "Builds buildifier. Go's own caches below the home folder spare a second clone the work.",
)
