#!/usr/bin/env bash
# The tarball of `make dist` is reproducible, and has every file.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. tests/support/script.sh
unset SOURCE_DATE_EPOCH MAKEFLAGS MAKELEVEL

# make_dist DIRECTORY: into $scratch/DIRECTORY
make_dist() {
	make B="$scratch/$1" dist
}

tarball() {
	echo "$scratch/$1"/relais-*.tar.gz
}

same_twice() {
	make_dist first &&
	    (umask 077 && LC_ALL=C.UTF-8 TZ=Asia/Tokyo make_dist second) &&
	    cmp "$(tarball first)" "$(tarball second)"
}

same_from_a_clone() {
	git clone -q --no-hardlinks . "$scratch/clone" &&
	    find "$scratch/clone" -name '*.c' -exec touch {} + &&
	    (cd "$scratch/clone" && make_dist cloned) &&
	    cmp "$(tarball first)" "$(tarball cloned)"
}

same_from_the_tarball() {
	mkdir "$scratch/unpacked" &&
	    tar -C "$scratch/unpacked" -xzf "$(tarball first)" || return 1
	mkdir "$scratch"/unpacked/*/build && touch "$scratch"/unpacked/*/build/x
	(cd "$scratch"/unpacked/* && make_dist repacked) &&
	    cmp "$(tarball first)" "$(tarball repacked)"
}

has_every_file() {
	diff <(git ls-tree -r --format='%(objectmode) %(path)' HEAD |
	    sed 's/^100755/-rwxr-xr-x/; s/^100644/-rw-r--r--/' | sort) \
	    <(tar -tvzf "$(tarball first)" | grep -v '^d' |
	    sed 's| .* relais-[^/]*/| |' | sort)
}

time_can_be_set() {
	(export SOURCE_DATE_EPOCH=86400 && make_dist dated) &&
	    [ "$(tar --utc -tvzf "$(tarball dated)" | grep -vc 1970-01-02)" \
	    -eq 0 ]
}

sentences=(
	"the tarball is the same twice"
	"it is the same from a clone with other times"
	"it is the same from an unpacked tarball"
	"it has every file of the commit, with its mode"
	"SOURCE_DATE_EPOCH sets the times"
)
tests=(same_twice same_from_a_clone same_from_the_tarball has_every_file
    time_can_be_set)
for i in "${!tests[@]}"; do
	if git rev-parse -q --verify HEAD >/dev/null 2>&1; then
		spec "${sentences[i]}" "${tests[i]}"
	else
		skip "${sentences[i]}" "git cannot read this repository"
	fi
done
spec_end
