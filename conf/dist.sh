#!/bin/sh
# dist.sh VERSION DIRECTORY - write DIRECTORY/relais-VERSION.tar.gz
#
# The tarball contains the files of the commit that is checked out, or those of
# an unpacked tarball.  It is the same, octet by octet, whoever makes it: names
# are sorted, and owners, modes and times do not depend on the directory.  The
# time is that of the commit, unless SOURCE_DATE_EPOCH is set.
set -eu
umask 022
name=relais-$1
out=$2
mkdir -p "$out"
work=$(mktemp -d "$out/dist.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [ -e .git ]; then
	[ -z "$(git status --porcelain)" ] ||
	    echo "dist.sh: changes that are not committed are left out" >&2
	epoch=$(git log -1 --format=%ct)
	git archive --prefix="$name/" -o "$work/commit.tar" HEAD
	tar -C "$work" -xf "$work/commit.tar"
else
	# All files of a tarball have the time of the commit.
	epoch=$(stat -c %Y Makefile)
	mkdir "$work/$name"
	tar -cf "$work/files.tar" --exclude=./build --exclude="./$out" .
	tar -C "$work/$name" -xf "$work/files.tar"
fi
LC_ALL=C tar -C "$work" --format=ustar --sort=name --owner=0 --group=0 \
    --numeric-owner --mode=u=rwX,go=rX \
    --mtime="@${SOURCE_DATE_EPOCH:-$epoch}" -cf "$work/sorted.tar" "$name"
gzip -9n "$work/sorted.tar"
mv "$work/sorted.tar.gz" "$out/$name.tar.gz"
echo "$out/$name.tar.gz"
