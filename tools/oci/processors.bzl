"""Processors by the names that Debian and OCI have for them."""

# What Bazel (--cpu) and the tags of wheels call them.
PROCESSORS = {
    "amd64": struct(cpu = "k8", machine = "x86_64"),
    "arm64": struct(cpu = "aarch64", machine = "aarch64"),
}
