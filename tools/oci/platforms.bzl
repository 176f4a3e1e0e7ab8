"""The platforms that images are made for, and the flag that asks for others than this machine's.

Bazel's --cpu tells them apart, not its --platforms: nothing is compiled, so no toolchain for another
processor is needed. Which wheels and which packages of Debian an image has is all that differs.
"""

load(":processors.bzl", "PROCESSORS")

_ASKED = "//tools/oci:platform"
_CPU = "//command_line_option:cpu"

platform_flag = rule(
    implementation = lambda ctx: [],
    build_setting = config.string_list(flag = True),
    doc = "What images are made for, as in `linux/amd64,linux/arm64`. Empty: for this machine.",
)

def by_processor(value):
    """A choice by the processor that a target is built for.

    Args:
        value: a function from a processor's name, amd64 or arm64, to the value for it.
    """
    return select({"//tools/oci:" + name: value(name) for name in PROCESSORS})

def _cpu(platform):
    processor = platform.removeprefix("linux/")
    if processor == platform or processor not in PROCESSORS:
        fail("--platform=%s: only %s" % (platform, ", ".join(["linux/" + p for p in PROCESSORS])))
    return PROCESSORS[processor].cpu

def _asked_impl(settings, attr):
    platforms = attr.platforms or settings[_ASKED]
    own = {"": {_CPU: settings[_CPU]}}
    return {platform: {_CPU: _cpu(platform)} for platform in platforms} or own

asked_platforms = transition(
    implementation = _asked_impl,
    inputs = [_ASKED, _CPU],
    outputs = [_CPU],
)
