"""The rules for images: see docs/decisions/images.md."""

load(":image.bzl", _oci_image = "oci_image", _oci_platforms = "oci_platforms", _oci_push = "oci_push", _oci_tar = "oci_tar")
load(":layers.bzl", _debian_layer = "debian_layer", _files_layer = "files_layer", _py_layer = "py_layer")

debian_layer = _debian_layer
files_layer = _files_layer
oci_image = _oci_image
oci_platforms = _oci_platforms
oci_push = _oci_push
oci_tar = _oci_tar
py_layer = _py_layer

def py_image(name, binary, module = None, title = None, ports = [], command = [], env = {}):
    """The image of a py_binary: Debian's Python, then the wheels it needs, then our own code.

    What it makes: see oci_image.

    Args:
        name: `image`.
        binary: the py_binary.
        module: what follows `python -m`; by default the package that this BUILD file is in.
        title: the image's name; by default that of the binary.
        ports: TCP ports that it listens on.
        command: arguments that the user of a container may replace.
        env: environment variables, besides those for Python and HOST, which is every address of
            IPv6 and IPv4.
    """
    for part, wheels in [("wheels", True), ("code", False)]:
        _py_layer(
            name = "%s_%s" % (name, part),
            tags = ["manual"],
            wheels = wheels,
            deps = [binary],
        )
    oci_image(
        name = name,
        title = title or native.package_relative_label(binary).name,
        command = command,
        # -P: nothing is imported from the working directory.
        entrypoint = ["/usr/bin/python3.14", "-P", "-m", module or native.package_name().replace("/", ".")],
        env = {
            "HOST": "::",
            "PATH": "/usr/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
        } | env,
        layers = [
            "//images/python:base",
            ":%s_wheels" % name,
            ":%s_code" % name,
        ],
        ports = ports,
        python = binary,
    )
