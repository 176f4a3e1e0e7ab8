"""oci_image: an OCI image layout from layers and a container's configuration."""

load("@rules_python//python:defs.bzl", "py_binary")
load(":layers.bzl", "APP", "in_image")
load(":platforms.bzl", "asked_platforms", "by_processor")

# A user without rights, which every image's /etc/passwd has (system.py).
_USER = "65532:65532"

def _environment(ctx):
    variables = dict(ctx.attr.env)
    if ctx.attr.python:
        imports = [ctx.workspace_name] + ctx.attr.python[PyInfo].imports.to_list()
        variables["PYTHONPATH"] = ":".join(["/%s/%s" % (APP, in_image(folder)) for folder in imports])
    return ["%s=%s" % variable for variable in sorted(variables.items())]

def _layout_impl(ctx):
    config = ctx.actions.declare_file(ctx.label.name + ".config.json")
    ctx.actions.write(config, json.encode({
        "title": ctx.attr.title,
        "architecture": ctx.attr.processor,
        "config": {
            "Entrypoint": ctx.attr.entrypoint,
            "Cmd": ctx.attr.command,
            "Env": _environment(ctx),
            "ExposedPorts": {"%d/tcp" % port: {} for port in ctx.attr.ports},
            "User": _USER,
            "WorkingDir": "/",
        },
    }))
    layout = ctx.actions.declare_directory(ctx.attr.folder)
    arguments = ctx.actions.args()
    arguments.add_all([layout], expand_directories = False)
    arguments.add(config)
    arguments.add_all(ctx.files.layers)
    arguments.add("--version", ctx.file._version)
    inputs = ctx.files.layers + [config, ctx.file._version]
    if ctx.attr.revision:
        arguments.add("--status", ctx.info_file)
        inputs.append(ctx.info_file)
    ctx.actions.run(
        executable = ctx.executable._make,
        arguments = [arguments],
        inputs = inputs,
        outputs = [layout],
        mnemonic = "OciLayout",
        progress_message = "Making image %{label}",
    )
    return [DefaultInfo(files = depset([layout]))]

_layout = rule(
    implementation = _layout_impl,
    attrs = {
        "command": attr.string_list(),
        "entrypoint": attr.string_list(mandatory = True),
        "env": attr.string_dict(),
        "folder": attr.string(mandatory = True),
        "layers": attr.label_list(allow_files = [".tar.gz"], mandatory = True),
        "ports": attr.int_list(),
        "processor": attr.string(mandatory = True),
        "python": attr.label(providers = [PyInfo]),
        "revision": attr.bool(mandatory = True),
        "title": attr.string(mandatory = True),
        "_make": attr.label(default = "//tools/oci:layout", executable = True, cfg = "exec"),
        "_version": attr.label(default = "//:VERSION", allow_single_file = True),
    },
)

_LayoutsInfo = provider(doc = "An image.", fields = {"layouts": "its layout for each platform"})

def _image_impl(ctx):
    layouts = [target[DefaultInfo].files for target in ctx.split_attr.layout.values()]
    if len(layouts) == 1:
        return [DefaultInfo(files = layouts[0]), _LayoutsInfo(layouts = layouts)]
    index = ctx.actions.declare_directory(ctx.label.name + ".index")
    inputs = depset(transitive = layouts)
    arguments = ctx.actions.args()
    arguments.add_all([index], expand_directories = False)
    arguments.add_all(inputs, expand_directories = False)
    ctx.actions.run(
        executable = ctx.executable._make_index,
        arguments = [arguments],
        inputs = inputs,
        outputs = [index],
        mnemonic = "OciIndex",
        progress_message = "Joining the platforms of %{label}",
    )
    return [DefaultInfo(files = depset([index])), _LayoutsInfo(layouts = layouts)]

oci_platforms = rule(
    implementation = _image_impl,
    attrs = {
        "layout": attr.label(mandatory = True, cfg = asked_platforms),
        "platforms": attr.string_list(),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_make_index": attr.label(default = "//tools/oci:index", executable = True, cfg = "exec"),
    },
    doc = """An image for `platforms`, or else for those of --platform, or else for what is built for.

    For one platform it is that one's layout, for several a layout with an index of them.
    """,
)

def _derived_impl(ctx):
    layouts = []
    for image in ctx.attr.images:
        if len(image[_LayoutsInfo].layouts) > 1:
            fail("%s is for one platform: name it, as in --platform=linux/arm64" % ctx.attr.output)
        layouts += image[_LayoutsInfo].layouts
    output = ctx.actions.declare_file(ctx.attr.output)
    inputs = depset(transitive = layouts, order = "preorder")
    arguments = ctx.actions.args()
    arguments.add(output)
    arguments.add_all(inputs, expand_directories = False)
    ctx.actions.run(
        executable = ctx.executable.tool,
        arguments = [arguments],
        inputs = inputs,
        outputs = [output],
        mnemonic = "OciDerived",
        progress_message = "Writing %{output}",
    )
    return [DefaultInfo(files = depset([output]))]

_derived = rule(
    implementation = _derived_impl,
    attrs = {
        "images": attr.label_list(mandatory = True, providers = [_LayoutsInfo]),
        "output": attr.string(mandatory = True),
        "tool": attr.label(mandatory = True, executable = True, cfg = "exec"),
    },
    doc = "A file that a tool makes from the layouts of images.",
)

def oci_tar(name, images):
    """NAME.tar: images for `podman load` and `docker load`, with the blobs they share once.

    Args:
        name: the file's name, without .tar.
        images: labels.
    """
    _derived(
        name = name,
        images = images,
        output = name + ".tar",
        tags = ["manual"],
        tool = "//tools/oci:tar",
        visibility = ["//visibility:public"],
    )

def oci_image(name, title, layers, entrypoint, command = [], env = {}, ports = [], python = None):
    """An image that runs as a user without rights, for the platforms that --platform asks for.

    Makes, all built only when asked for:
        NAME: the image, an OCI layout (a folder), labelled with version, source and revision.
        NAME_layout: the same for the one platform that Bazel builds for.
        NAME_sbom: NAME.cdx.json, its software bill of materials (CycloneDX).
        NAME_tar: NAME.tar, for `podman load` and `docker load`.
        push (NAME with `push` for `image`): bazel run ... -- --repository HOST/NAME --tag TAG
        NAME_unlabelled: the image without source and revision, for tests, which should not
            run again for every commit.

    Args:
        name: `image`, or a name that contains it.
        title: the image's name.
        layers: .tar.gz files, the lowest first.
        entrypoint: the program and the arguments that always come first.
        command: the arguments that the user of a container may replace.
        env: environment variables.
        ports: TCP ports that the program listens on.
        python: a Python target whose imports go on PYTHONPATH.
    """
    for layout, revision in [(name, True), (name + "_unlabelled", False)]:
        _layout(
            name = layout + "_layout",
            command = command,
            entrypoint = entrypoint,
            env = env,
            folder = layout,
            layers = layers,
            ports = ports,
            processor = by_processor(lambda name: name),
            python = python,
            revision = revision,
            tags = ["manual"],
            title = title,
            visibility = ["//visibility:public"],
        )
        oci_platforms(
            name = layout,
            layout = layout + "_layout",
            tags = ["manual"],
            visibility = ["//visibility:public"],
        )
    for kind, output in [("sbom", ".cdx.json"), ("tar", ".tar")]:
        _derived(
            name = "%s_%s" % (name, kind),
            images = [name],
            output = name + output,
            tags = ["manual"],
            tool = "//tools/oci:" + kind,
            visibility = ["//visibility:public"],
        )
    oci_push(name = name.replace("image", "push"), images = {name: title})

def oci_push(name, images):
    """A program that pushes images: bazel run ... -- --repository HOST/NAME --tag TAG

    Args:
        name: the program's name.
        images: titles by labels. One image goes to the repository itself, several go below it,
            each to its title.
    """
    py_binary(
        name = name,
        srcs = ["//tools/oci:push_main.py"],
        args = ["%s=$(rootpath %s)" % (title, image) for image, title in images.items()],
        data = images.keys(),
        main = "//tools/oci:push_main.py",
        tags = ["manual"],
        visibility = ["//visibility:public"],
        deps = ["//tools/oci"],
    )
