#!/usr/bin/env bash
# Name service modules of systemd-resolved, Avahi and SSSD, which libc loads
# after relais has entered the sandbox.  names.py imitates their daemons.
set -eu
. tests/servers/lab.sh
lab_enter names "$0"
. tests/servers/cases.sh
python3 -B tests/servers/names.py "$LAB" 2>"$LAB/maillog" &
wait_for_port 2501 $! "$LAB/maillog"

# asks MODULES HOST STATUS QUESTION: sends a message to a smarthost with the name
# HOST; requires the exit status, and the question to a daemon
asks() {
	echo "hosts: $1" >/etc/nsswitch.conf
	: >"$LAB/asked"
	: >"$LAB/sent"
	configuration "smarthost = smtp://$2:2501" 'tls = off'
	{ head_of r1@lab.test names; echo hello; } |
	    relais "$3" -i -t
	grep -qx "$4" "$LAB/asked" ||
	    { echo "not asked: $4"; cat "$LAB/asked"; return 1; }
	[ "$3" -ne 0 ] || grep -qx hello "$LAB/sent"
}

spec "libnss_resolve is loaded in the sandbox" \
    asks 'resolve [!UNAVAIL=return] dns' resolve.example 0 \
    'resolved resolve.example'
spec "libnss_mdns is loaded in the sandbox" \
    asks 'mdns4_minimal [NOTFOUND=return] dns' printer.local 0 \
    'avahi printer.local'
spec "libnss_sss is loaded in the sandbox" \
    asks 'sss resolve' resolve.example 0 'sssd resolve.example'
spec "a name that no module knows is reported" \
    asks 'resolve [!UNAVAIL=return] dns' none.example 68 \
    'resolved none.example'
spec_end
