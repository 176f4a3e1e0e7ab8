"""py_grpc_library: Python modules of .proto files, with type stubs and gRPC."""

load("@pypi//:defs.bzl", "requirement")
load("@rules_python//python:defs.bzl", "py_library")

_SUFFIXES = ["_pb2.py", "_pb2.pyi", "_pb2_grpc.py"]

def _generate_impl(ctx):
    package = ctx.label.package
    sources = [src.short_path.removeprefix(package + "/") for src in ctx.files.srcs]
    outputs = [
        ctx.actions.declare_file(source.removesuffix(".proto") + suffix)
        for source in sources
        for suffix in _SUFFIXES
    ]
    root = ctx.bin_dir.path + "/" + package
    arguments = ctx.actions.args()
    arguments.add("-I" + package)
    arguments.add_all(["--python_out", "--pyi_out", "--grpc_python_out"], format_each = "%s=" + root)
    arguments.add_all(sources)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [arguments],
        inputs = ctx.files.srcs,
        outputs = outputs,
        mnemonic = "PyProto",
        progress_message = "Generating Python for %{label}",
    )
    return [DefaultInfo(files = depset(outputs))]

_generate = rule(
    implementation = _generate_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"], mandatory = True),
        "_protoc": attr.label(default = "//tools/proto:protoc", executable = True, cfg = "exec"),
    },
)

def py_grpc_library(name, srcs, **kwargs):
    """A library of what protoc makes of `srcs`.

    The package's folder is the root of imports: proto/votes/v1/votes.proto is imported as
    `from votes.v1 import votes_pb2, votes_pb2_grpc`.

    Args:
        name: the library's name.
        srcs: .proto files of this package, which may import each other relative to its folder.
        **kwargs: passed to py_library.
    """
    generated = name + "_generated"
    _generate(name = generated, srcs = srcs)
    py_library(
        name = name,
        srcs = [generated],
        data = [generated],  # the type stubs, which are no srcs
        imports = ["."],
        deps = [requirement("grpcio"), requirement("protobuf")],
        **kwargs
    )
