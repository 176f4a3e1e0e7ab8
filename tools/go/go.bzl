"""go_program: a program of somebody else's, built by Go from its locked module."""

def _go_program_impl(rctx):
    for file in (rctx.attr.go_mod, rctx.attr.go_sum):
        rctx.symlink(file, file.name)
    rctx.report_progress("building " + rctx.attr.program)
    result = rctx.execute(
        ["go", "build", "-mod=readonly", "-o", rctx.attr.program, rctx.attr.package],
        environment = {"GOTOOLCHAIN": "local"},  # the Go that is here, not a download
        timeout = 1800,
    )
    if result.return_code:
        fail("go build failed:\n" + result.stderr)
    rctx.file("BUILD.bazel", 'exports_files(["%s"])' % rctx.attr.program)

go_program = repository_rule(
    implementation = _go_program_impl,
    attrs = {
        "go_mod": attr.label(mandatory = True, allow_single_file = True),
        "go_sum": attr.label(mandatory = True, allow_single_file = True),
        "package": attr.string(mandatory = True, doc = "The Go package with the program's main."),
        "program": attr.string(mandatory = True, doc = "The file's name: @NAME//:PROGRAM."),
    },
    doc = "Builds a program. Go's own caches below the home folder spare a second clone the work.",
)
