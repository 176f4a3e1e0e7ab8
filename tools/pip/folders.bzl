"""Folders of @pypi as one artifact each."""

def _folders_impl(ctx):
    folders = [ctx.actions.declare_directory(folder) for folder in ctx.attr.folders]
    root = ctx.label.workspace_root
    arguments = ctx.actions.args()
    arguments.add_all(folders, expand_directories = False)
    ctx.actions.run_shell(
        # Copies, not hard links: each further link would change a file's ctime for all of them, and
        # Bazel would make every folder again.
        command = """set -e; for to; do
            from="%s/site-packages/${to#*/site-packages/}"
            cp -RL "$from/." "$to"
        done""" % root,
        arguments = [arguments],
        inputs = ctx.files.srcs,
        outputs = folders,
        # A sandbox's files are links to links, and a cache would keep what @pypi has already.
        execution_requirements = {"no-cache": "1", "no-sandbox": "1"},
        mnemonic = "Folders",
        progress_message = "Taking %{label}",
    )
    files = depset(folders)
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

folders = rule(
    implementation = _folders_impl,
    attrs = {
        "folders": attr.string_list(mandatory = True),
        "srcs": attr.label_list(allow_files = True, mandatory = True),
    },
    doc = """Folders below site-packages, each as one artifact.

    Runfiles then have one link for the folder instead of one for each of its files: a test needs
    some two hundred instead of five thousand.
    """,
)
