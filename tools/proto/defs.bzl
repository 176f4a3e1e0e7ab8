"""py_grpc_library: Python modules of .proto files, with type stubs, and of their services."""

load("@pypi//:defs.bzl", "requirement")
load("@rules_python//python:defs.bzl", "py_library")

_MESSAGES = ["_pb2.py", "_pb2.pyi"]
_SERVICES = ["_pb2_grpc.py"]

def _generate_impl(ctx):
    package = ctx.label.package
    sources = [src.short_path.removeprefix(package + "/") for src in ctx.files.srcs]
    messages, services = [
        [
            ctx.actions.declare_file(source.removesuffix(".proto") + suffix)
            for source in sources
            for suffix in suffixes
        ]
        for suffixes in [_MESSAGES, _SERVICES]
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
        outputs = messages + services,
        mnemonic = "PyProto",
        progress_message = "Generating Python for %{label}",
    )
    return [
        DefaultInfo(files = depset(messages)),
        OutputGroupInfo(services = depset(services)),
    ]

_generate = rule(
    implementation = _generate_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"], mandatory = True),
        "_protoc": attr.label(default = "//tools/proto:protoc", executable = True, cfg = "exec"),
    },
)

def py_grpc_library(name, srcs, **kwargs):
    """Libraries of what protoc makes of `srcs`: NAME of the messages, NAME_grpc of the services.

    The package's folder is the root of imports: proto/votes/v1/votes.proto is imported as
    `from votes.v1 import votes_pb2`, and with NAME_grpc also `votes_pb2_grpc`.

    Args:
        name: the name of the messages' library, which needs no gRPC.
        srcs: .proto files of this package, which may import each other relative to its folder.
        **kwargs: passed to both py_library.
    """
    messages, services = name + "_generated", name + "_grpc_generated"
    _generate(name = messages, srcs = srcs)
    native.filegroup(name = services, srcs = [messages], output_group = "services")
    py_library(
        name = name,
        srcs = [messages],
        data = [messages],  # the type stubs, which are no srcs
        imports = ["."],
        deps = [requirement("protobuf")],
        **kwargs
    )
    py_library(
        name = name + "_grpc",
        srcs = [services],
        deps = [":" + name, requirement("grpcio")],
        **kwargs
    )
