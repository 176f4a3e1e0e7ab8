#!/bin/sh
# Facts about the source for Bazel: images are labelled with it (tools/oci/layout.py).
# The same commit gives the same lines. Without git the revision is "unknown".
set -eu
git="git --no-optional-locks"

revision=$($git rev-parse HEAD 2>/dev/null) || revision=unknown
if [ "$revision" != unknown ]; then
    [ -z "$($git status --porcelain)" ] || revision=$revision-modified
    echo "STABLE_REVISION_TIME $(TZ=UTC $git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)"
fi
echo "STABLE_REVISION $revision"

# The repository's address, without the user and password that it may contain. A folder on this
# machine is not an address.
source=$($git remote get-url origin 2>/dev/null | sed 's#//[^/@]*@#//#') || source=
case $source in
*://* | *@*:*) ;;
*) source=monorepo ;;
esac
echo "STABLE_SOURCE $source"
