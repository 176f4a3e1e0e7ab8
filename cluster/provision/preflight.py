"""Checks what the machine must allow, by trying it; an error has what to do about it."""

import os
import subprocess
from pathlib import Path
from typing import Final

from cluster.common.errors import ClusterError

NAMESPACES: Final = ["unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork"]
"""Starts a program in new namespaces; a namespace for control groups is made by the node itself."""

_VETH: Final = "ip link add probe0 type veth peer name probe1"

# The parts of nftables that kube-proxy's rules use.
_NFTABLES: Final = """
table ip probe {
  chain pod { ct state established accept; }
  chain in {
    type nat hook prerouting priority dstnat;
    fib daddr type local numgen random mod 2 vmap { 0 : jump pod, 1 : jump pod }
  }
  chain out {
    type nat hook postrouting priority srcnat;
    meta mark & 0x4000 == 0x4000 masquerade fully-random
  }
}
"""

_OVERLAY: Final = """
cd "$0"
mkdir lower upper work all
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay all
umount all
rm -r lower upper work all
"""


def check_rights() -> None:
    """Raise ClusterError when this process may not make a node."""
    if os.geteuid() != 0:
        raise ClusterError(
            "a Kubernetes node creates namespaces, mounts and control groups, which needs root: "
            "run ./bazelw as root"
        )
    _try(
        ["true"],
        "cannot create namespaces: if this is a container, run it with --privileged",
    )


def check_kernel(folder: Path, layer: Path | None) -> None:
    """Try what the node does, in new namespaces and in `folder`, where its state will be.

    Raises ClusterError about the first thing that the kernel lacks.
    """
    _try(["sh", "-c", _VETH], "the kernel has no virtual network devices: modprobe veth")
    _try(
        [*_nft(layer), "-f", "-"],
        "the kernel lacks a part of nftables that kube-proxy needs (CONFIG_NFT_NAT, _CT, _FIB, "
        "_NUMGEN, _MASQ): modprobe -a nf_tables nft_chain_nat nft_ct nft_fib_inet nft_masq",
        stdin=_NFTABLES,
    )
    _try(
        ["sh", "-ec", _OVERLAY, str(folder)],
        f"the file system of {folder} carries no overlays (CONFIG_OVERLAY_FS): set "
        "CLUSTER_STATE to a folder on ext4 or xfs, or modprobe overlay",
    )


def _nft(layer: Path | None) -> list[str]:
    """Return nft's command line: in the toolbox it is in the layer, with its libraries."""
    if layer is None:
        return ["nft"]
    return ["env", f"LD_LIBRARY_PATH={_libraries(layer)}", str(layer / "usr/sbin/nft")]


def _libraries(layer: Path) -> str:
    return ":".join(str(folder) for folder in layer.glob("usr/lib/*-linux-gnu*"))


def _try(command: list[str], advice: str, stdin: str = "") -> None:
    done = subprocess.run(
        [*NAMESPACES, *command], input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode:
        output = (done.stderr or done.stdout).strip().splitlines()
        raise ClusterError(f"{advice} ({output[0] if output else done.returncode})")
