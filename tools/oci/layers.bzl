"""Rules that make layers: .tar.gz files that are the same bytes for the same inputs."""

load("@programs//:defs.bzl", "needs")
load(":platforms.bzl", "by_processor")

def _debian_layer_impl(ctx):
    archive = ctx.actions.declare_file(ctx.label.name + ".tar.gz")
    arguments = ctx.actions.args()
    arguments.add(archive)
    arguments.add_all(ctx.files.debs)
    arguments.add_all(ctx.attr.drop, before_each = "--drop")
    arguments.add_all(["%s=%s" % link for link in ctx.attr.links.items()], before_each = "--link")
    ctx.actions.run(
        executable = ctx.executable._make,
        arguments = [arguments],
        inputs = ctx.files.debs,
        outputs = [archive],
        mnemonic = "DebianLayer",
        progress_message = "Unpacking Debian packages for %{label}",
    )
    return [DefaultInfo(files = depset([archive]))]

_debian_layer = rule(
    implementation = _debian_layer_impl,
    attrs = {
        "debs": attr.label_list(allow_files = [".deb"], mandatory = True),
        "drop": attr.string_list(),
        "links": attr.string_dict(),
        "_make": attr.label(default = "//tools/oci:debian_layer", executable = True, cfg = "exec"),
    },
)

# The C library; authorities, time zones, ports and media types by their names.
_SYSTEM = [
    "base-files",
    "ca-certificates",
    "libc6",
    "media-types",
    "netbase",
    "tzdata",
]

def debian_layer(name, packages = [], **kwargs):
    """The files of Debian packages, and what makes them a system: see tools/oci/system.py.

    Args:
        name: the layer's name.
        packages: packages from debian_packages.txt besides those that every image has. Their
            dependencies do not come with them.
        **kwargs: `drop`, patterns of paths to leave out; `links`, symbolic links by their paths;
            and what every rule takes.
    """
    _debian_layer(
        name = name,
        debs = by_processor(lambda processor: [
            "@debian_%s//:%s.deb" % (processor, package)
            for package in _SYSTEM + packages
        ]),
        tags = ["manual"],
        target_compatible_with = needs("debian-forky"),
        **kwargs
    )

def _write_files_layer(ctx, lines, inputs, bytecode):
    archive = ctx.actions.declare_file(ctx.label.name + ".tar.gz")
    arguments = ctx.actions.args()
    arguments.set_param_file_format("multiline")
    arguments.use_param_file("@%s", use_always = True)
    arguments.add(archive)
    if bytecode:
        arguments.add("--bytecode")
    for files, line in lines:
        arguments.add_all(files, map_each = line, allow_closure = True)
    ctx.actions.run(
        executable = ctx.executable._make,
        arguments = [arguments],
        inputs = inputs,
        outputs = [archive],
        mnemonic = "FilesLayer",
        progress_message = "Packing %{label}",
    )
    return [DefaultInfo(files = depset([archive]))]

_MAKE = {"_make": attr.label(default = "//tools/oci:files_layer", executable = True, cfg = "exec")}

def _into(folder):
    return lambda file: "%s/%s\t%s" % (folder, file.basename, file.path)

def _files_layer_impl(ctx):
    lines = [
        (target[DefaultInfo].files, _into(folder))
        for target, folder in ctx.attr.files.items()
    ]
    return _write_files_layer(ctx, lines, ctx.files.files, bytecode = False)

files_layer = rule(
    implementation = _files_layer_impl,
    attrs = {
        "files": attr.label_keyed_string_dict(allow_files = True, mandatory = True),
    } | _MAKE,
    doc = "Files, each in the folder of the image that `files` gives for its target.",
)

# Where a py_binary's runfiles are in an image. Modules find data files as they do under Bazel.
APP = "app"

def in_image(path):
    """A path of runfiles without the processor: wheels are in one place in the images for each."""
    repository, slash, rest = path.partition("/")
    return ("pypi" if repository.startswith("pypi_") else repository) + slash + rest

def _wheel_line(file):
    if file.owner.workspace_name:
        return "%s/%s\t%s" % (APP, in_image(file.short_path.removeprefix("../")), file.path)
    return None

def _own_line(file):
    # A py_binary's launcher has no extension: an image starts Python itself.
    if not file.owner.workspace_name and (file.extension or file.is_source):
        return "%s/monorepo/%s\t%s" % (APP, file.short_path, file.path)
    return None

def _py_layer_impl(ctx):
    files = depset(transitive = [dep[DefaultInfo].default_runfiles.files for dep in ctx.attr.deps])
    line = _wheel_line if ctx.attr.wheels else _own_line

    # @pypi has compiled its wheels already.
    return _write_files_layer(ctx, [(files, line)], files, bytecode = not ctx.attr.wheels)

py_layer = rule(
    implementation = _py_layer_impl,
    attrs = {
        "deps": attr.label_list(mandatory = True, providers = [PyInfo]),
        "wheels": attr.bool(mandatory = True),
    } | _MAKE,
    doc = "What Python targets need to run: the files of wheels, or else our own.",
)
