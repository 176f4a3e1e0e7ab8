#!/bin/sh
# Runs in a mount namespace of its own: makes the toolbox its root file system, then runs COMMAND.
# usage: enter.sh TOOLBOX MODE PATHS COMMAND...
#   MODE   ro or rw: whether COMMAND may change the toolbox
#   PATHS  the host's files and folders to see inside, one a line
set -eu
toolbox=$1 mode=$2 paths=$3
shift 3

mount --bind "$toolbox" "$toolbox" # pivot_root needs a mount point
[ "$mode" = rw ] || mount -o remount,bind,ro "$toolbox"
printf '%s\n' "$paths" | while read -r path; do
    mount --rbind "$path" "$toolbox$path"
done

# Not chroot: inside a chroot no user namespaces can be created, which sandboxes need.
cd "$toolbox"
pivot_root . .
umount -l . # the host's root, which is now on top
# Drop the rights that this needed: bubblewrap, among others, refuses to start with them.
exec setpriv --ambient-caps=-all "$@"
