"""@programs: which programs are on PATH. What needs another one is skipped, as incompatible."""

_BUILD = """\
package(default_visibility = ["//visibility:public"])

constraint_setting(name = "{name}_is_there")

constraint_value(
    name = "{name}",
    constraint_setting = ":{name}_is_there",
)
"""

_DEFS = '''\
"""Constraints for programs that are not on PATH."""

_MISSING = {missing}
_KNOWN = {known}

def needs(*programs):
    """What a target that starts these programs is compatible with.

    For `target_compatible_with`. Bazel skips the target, and all that depend on it, where one is
    missing; asked for by name, it names the constraint: @programs//chromium.

    Args:
        *programs: names in //tools/programs:programs.txt.
    """
    for program in programs:
        if program not in _KNOWN:
            fail("no program %s in //tools/programs:programs.txt" % program)
    return ["@programs//" + program for program in programs if program in _MISSING]
'''

def _java_version(rctx, java):
    said = rctx.execute([java, "-version"])
    version = (said.stderr + said.stdout).partition('version "')[2].partition('"')[0]
    major = version.partition(".")[0]
    return int(major) if major.isdigit() else 0

def _is_forky(rctx):
    # apt itself knows only after `apt-get update`, which the toolbox has never run.
    release = rctx.path("/etc/os-release")
    if not rctx.which("apt-get") or not release.exists:
        return False
    return "VERSION_CODENAME=forky" in rctx.read(release).split("\n")

def _is_there(rctx, program, oldest):
    if program == "debian-forky":
        return _is_forky(rctx)
    found = rctx.which(program)
    return bool(found) and (not oldest or _java_version(rctx, found) >= int(oldest))

def _programs_repository_impl(rctx):
    lines = rctx.read(rctx.path(rctx.attr.programs)).splitlines()
    known = [line.partition(">=") for line in lines if line and not line.startswith("#")]
    missing = [name for name, _, oldest in known if not _is_there(rctx, name, oldest)]
    for name, _, _ in known:
        rctx.file(name + "/BUILD.bazel", _BUILD.format(name = name))
    rctx.file("missing.txt", "".join([name + "\n" for name in missing]))
    rctx.file("BUILD.bazel", 'exports_files(["missing.txt"])\n')
    rctx.file("defs.bzl", _DEFS.format(known = [name for name, _, _ in known], missing = missing))

programs_repository = repository_rule(
    implementation = _programs_repository_impl,
    attrs = {"programs": attr.label(mandatory = True, allow_single_file = True)},
    doc = "Looks for the listed programs, again whenever PATH changes or Bazel's server starts.",
    environ = ["PATH"],
    local = True,
)
