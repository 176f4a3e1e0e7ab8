"""@kafka: the jars of Apache Kafka, each checked against jars.lock."""

_BUILD = """
filegroup(
    name = "jars",
    srcs = glob(["jars/*.jar"]),
    visibility = ["//visibility:public"],
)
"""

def _run(rctx, what, arguments, directory = ""):
    rctx.report_progress(what)
    result = rctx.execute(arguments, timeout = 1800, working_directory = directory)
    if result.return_code:
        fail("%s failed:\n%s%s" % (what, result.stdout, result.stderr))

def _check(rctx, lock):
    locked = {line.split("  ")[1]: True for line in rctx.read(lock).splitlines()}
    unknown = [jar.basename for jar in rctx.path("jars").readdir() if jar.basename not in locked]
    if unknown:
        fail("jars.lock lacks %s: run //tools/kafka:lock" % ", ".join(unknown))
    _run(rctx, "checking jars against jars.lock", ["sha256sum", "--check", "--quiet", lock], "jars")

def _kafka_repository_impl(rctx):
    _run(rctx, "fetching Kafka's jars", [
        "mvn",
        "--batch-mode",
        "--quiet",
        "--file=%s" % rctx.path(rctx.attr.pom),
        "dependency:copy-dependencies",
        "-DoutputDirectory=%s" % rctx.path("jars"),
    ])
    _check(rctx, rctx.path(rctx.attr.lock))
    rctx.file("BUILD.bazel", _BUILD)

kafka_repository = repository_rule(
    implementation = _kafka_repository_impl,
    attrs = {
        "lock": attr.label(mandatory = True, allow_single_file = True),
        "pom": attr.label(mandatory = True, allow_single_file = True),
    },
    doc = """Fetches what a pom.xml depends on, with Maven, into one folder of jars.

    Maven's own repository below the home folder spares a second clone the download.
    """,
)
