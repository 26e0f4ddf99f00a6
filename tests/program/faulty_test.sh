#!/usr/bin/env bash
# faulty.so replaces a function under each name by which the program calls it.
# With 64-bit files or _FORTIFY_SOURCE, the name is open64 or __poll_chk, and
# calls would otherwise never fail in tests.
set -eu
build=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. tests/support/script.sh

# symbols OPTION FILE...: the names, without versions
symbols() {
	nm -D "$@" | awk 'NF > 1 { sub(/@.*/, "", $NF); print $NF }' | sort -u
}

every_name_is_replaced() {
	local programs=("$build/sendmail") name missing=0
	for name in tls.so relais-token; do
		[ ! -e "$build/$name" ] || programs+=("$build/$name")
	done
	symbols --defined-only "$build/tests/program/faulty.so" \
	    >"$scratch/replaced"
	symbols --undefined-only "${programs[@]}" |
	    grep -e 64 -e '^__.*_chk$' >"$scratch/called"
	while read -r name; do
		base=$(sed 's/64//; s/^__\(.*\)_chk$/\1/' <<<"$name")
		if [ "$base" != "$name" ] &&
		    grep -qx "$base" "$scratch/replaced" &&
		    ! grep -qx "$name" "$scratch/replaced"; then
			echo "not replaced: $name"
			missing=1
		fi
	done <"$scratch/called"
	return "$missing"
}

sentence="each name of a function that fails is replaced"
if command -v nm >/dev/null; then
	spec "$sentence" every_name_is_replaced
else
	skip "$sentence" "nm is not installed"
fi
spec_end
