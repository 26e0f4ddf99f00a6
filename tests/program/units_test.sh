#!/usr/bin/env bash
# The files for service managers, AppArmor and logrotate in conf/.
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

units_select_the_profile() {
	local profile unit
	profile=$(sed -n 's/^profile \([a-z]*\) .*/\1/p' conf/apparmor/relais)
	for unit in relais.service relais-queue.service; do
		grep -x "AppArmorProfile=-$profile" "conf/systemd/$unit"
	done
}

# The kernel of this machine may lack AppArmor.
profile_is_valid() {
	apparmor_parser --skip-kernel-load --skip-cache --Werror \
	    --features-file /etc/apparmor.d/abi/3.0 conf/apparmor/relais
}

# Two rotations: the first renames the file, the second compresses it.
log_is_rotated() {
	logs="$scratch/logs"
	sed -e "s|/var/log/relais|$logs|" -e "s/su relais relais/su $(id -un) $(id -gn)/" \
	    conf/relais.logrotate >"$scratch/logrotate"
	chmod 644 "$scratch/logrotate"
	mkdir -m 755 "$logs"
	for line in one two three; do
		echo "$line" >>"$logs/relais.log"
		[ "$line" = three ] || logrotate -f -s "$scratch/rotated" \
		    "$scratch/logrotate" || return 1
	done
	grep -q three "$logs/relais.log" && grep -q two "$logs/relais.log.1" &&
	    zcat "$logs/relais.log.2.gz" | grep -q one
}

spec "the OpenRC script is a shell script" sh -n conf/openrc/relais
spec "the units of the service and of the queue run select the AppArmor profile" \
    units_select_the_profile
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
sentence="AppArmor accepts the profile"
if command -v apparmor_parser >/dev/null; then
	spec "$sentence" profile_is_valid
else
	skip "$sentence" "apparmor_parser is not installed"
fi
sentence="logrotate accepts the example, and renames the log"
if command -v logrotate >/dev/null; then
	spec "$sentence" log_is_rotated
else
	skip "$sentence" "logrotate is not installed"
fi
spec_end
