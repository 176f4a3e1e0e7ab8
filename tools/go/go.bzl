"""What others publish as Go modules: go_program builds a program, go_module_files takes files."""

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

def _go_module_files_impl(rctx):
    module = "%s@%s" % (rctx.attr.module, rctx.attr.version)
    rctx.report_progress("fetching " + module)
    result = rctx.execute(
        ["go", "mod", "download", "-json", module],
        environment = {"GOTOOLCHAIN": "local"},
        timeout = 600,
    )
    if result.return_code:
        fail("go mod download failed:\n" + result.stdout + result.stderr)
    found = json.decode(result.stdout)
    if found["Sum"] != rctx.attr.sum:
        fail("%s has the checksum %s, not %s" % (module, found["Sum"], rctx.attr.sum))
    for file in rctx.attr.files:
        rctx.symlink(found["Dir"] + "/" + file, file.split("/")[-1])
    rctx.file("BUILD.bazel", """filegroup(
    name = "files",
    srcs = glob(["*.yaml"]),
    visibility = ["//visibility:public"],
)""")

go_module_files = repository_rule(
    implementation = _go_module_files_impl,
    attrs = {
        "files": attr.string_list(mandatory = True, doc = "YAML files in the module: @NAME//:files."),
        "module": attr.string(mandatory = True),
        "sum": attr.string(mandatory = True, doc = "The module's checksum, as in a go.sum."),
        "version": attr.string(mandatory = True),
    },
    doc = "Fetches a module and takes files from it.",
)
