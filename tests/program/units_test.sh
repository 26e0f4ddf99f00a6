#!/usr/bin/env bash
# The files for service managers in conf/.
set -eu
build=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0

spec() {
	local sentence=$1
	shift
	if "$@" >"$scratch/log" 2>&1; then
		echo "[       OK ] $sentence"
		passed=$((passed + 1))
	else
		cat "$scratch/log"
		echo "[  FAILED  ] $sentence"
		failed=$((failed + 1))
	fi
}

# The units, with the program of this build.
copy_units() {
	for unit in conf/systemd/*; do
		sed "s|/usr/sbin/relais|$build/relais|; /^Documentation/d" \
		    "$unit" >"$scratch/${unit##*/}"
	done
}

units_are_valid() {
	systemd-analyze verify "$scratch"/relais.service \
	    "$scratch"/relais.socket "$scratch"/relais-queue.timer \
	    >"$scratch/verify" 2>&1
	cat "$scratch/verify"
	[ ! -s "$scratch/verify" ]
}

service_is_hardened() {
	systemd-analyze security --offline=yes --threshold=20 \
	    "$scratch/relais.service"
}

sysusers_are_valid() {
	systemd-sysusers --dry-run "$PWD/conf/sysusers.d/relais.conf"
}

spec "the OpenRC script is a shell script" sh -n conf/openrc/relais
spec "the runit script is a shell script" sh -n conf/runit/relais/run
if command -v systemd-analyze >/dev/null; then
	copy_units
	spec "systemd accepts the units" units_are_valid
	spec "the exposure of the service is at most 2.0" service_is_hardened
	spec "systemd-sysusers accepts the user" sysusers_are_valid
else
	echo "[  SKIPPED ] systemd-analyze is not installed"
	skipped=$((skipped + 3))
fi
echo "[==========] $((passed + failed + skipped)) test(s) run."
echo "[  PASSED  ] $passed test(s)."
[ "$failed" -eq 0 ]
