#!/usr/bin/env bash
# The files for service managers in conf/.
set -eu
build=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. tests/support/script.sh

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
	for sentence in "systemd accepts the units" \
	    "the exposure of the service is at most 2.0" \
	    "systemd-sysusers accepts the user"; do
		skip "$sentence" "systemd-analyze is not installed"
	done
fi
spec_end
