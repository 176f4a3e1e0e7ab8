"""What a system needs besides its packages: users, certificate authorities, mount points."""

from tools.oci.tree import File, Folder, Tree

USER = 65532
"""The user of our containers; Kubernetes' runAsNonRoot needs a number."""

_AUTHORITIES = "usr/share/ca-certificates/"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"

# A read-only root file system must have them already.
_MOUNT_POINTS = ["dev", "proc", "run", "sys"]

_PASSWD = f"""\
root:x:0:0:root:/root:/usr/sbin/nologin
nonroot:x:{USER}:{USER}:nonroot:/nonexistent:/usr/sbin/nologin
"""
_GROUP = f"""\
root:x:0:
nonroot:x:{USER}:
"""
# Without it the C library would not read /etc/hosts.
_NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"


def system_files(packages: Tree) -> Tree:
    """Return the files that no package has; the bundle is made of ca-certificates' files."""
    return {
        "etc/group": File(_GROUP.encode()),
        "etc/nsswitch.conf": File(_NSSWITCH.encode()),
        "etc/passwd": File(_PASSWD.encode()),
        _BUNDLE: File(bundle(packages)),
        "tmp": Folder(0o1777),
        **{place: Folder() for place in _MOUNT_POINTS},
    }


def bundle(packages: Tree) -> bytes:
    """Return all certificate authorities in one file, as OpenSSL and Go read them."""
    return b"".join(
        entry.content
        for path, entry in sorted(packages.items())
        if path.startswith(_AUTHORITIES) and isinstance(entry, File)
    )
