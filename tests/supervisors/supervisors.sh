#!/usr/bin/env bash
# runit and OpenRC start and stop the service with the commands in README.md.  A
# user without privileges sends the messages.
set -eu
. tests/servers/lab.sh
lab_enter supervisors "$0"
. tests/support/spec.sh

install_it() {
	B=$BUILD DESTDIR='' PREFIX=/usr LIBDIR=/usr/lib/relais \
	    DATADIR=/usr/share/relais SYSCONFDIR=/etc WITH='' \
	    conf/install.sh install
	groupadd --system relais
	useradd --system --no-create-home --home-dir /var/spool/relais \
	    --gid relais relais
}

smarthost_start() {
	mkfifo "$LAB/leash"
	"$BUILD/tests/support/demo" "$LAB/maildir" <"$LAB/leash" \
	    >"$LAB/smarthost" &
	# shellcheck disable=SC2034 # the smarthost ends when it is closed
	exec {LEASH}>"$LAB/leash"
	until_true grep -q '^port' "$LAB/smarthost"
	cat >/etc/relais.conf <<-END
	smarthost = smtp://127.0.0.1:$(sed -n 's/^port //p' "$LAB/smarthost")
	tls       = off
	from      = alerts@example.org
	root      = admin@example.org
	log       = /var/log/relais/relais.log
	END
	chown root:relais /etc/relais.conf
	chmod 640 /etc/relais.conf
	install -d -o relais -g relais /var/log/relais
	install -d -o relais -g relais -m 700 /var/spool/relais
}

# until_true COMMAND...: within thirty seconds
until_true() {
	local deadline=$((SECONDS + 30))
	until "$@"; do
		((SECONDS < deadline)) || { echo "not true: $*"; return 1; }
		pause
	done
}

# The commands in the README for $1, which begins a comment of its own.
readme() {
	sed -n "/^    # $1\$/,/^\$/s/^    //p" README.md
}

user_sends() {
	setpriv --reuid 65534 --regid 65534 --clear-groups \
	    sendmail root <<-END
	Subject: $1

	Hello
	END
	until_true grep -qrs "^Subject: $1" "$LAB/maildir/new"
}

service() {
	pgrep -xo -u relais relais
}

is_stopped() {
	! service >"$LAB/running" && [ ! -S /run/relais/submission ]
}

accepts_mail() {
	[ -S /run/relais/submission ] && service >"$LAB/pid"
}

# reloads COMMAND...: the process is the same, and has new settings
reloads() {
	local before
	before=$(service)
	sed -i 's/alerts@/reloaded@/' /etc/relais.conf
	"$@"
	until_true grep -q 'configuration' /var/log/relais/relais.log
	user_sends reloaded
	grep -qrs '^Return-Path: <reloaded@' "$LAB/maildir/new"
	[ "$(service)" = "$before" ]
	sed -i 's/reloaded@/alerts@/' /etc/relais.conf
	rm /var/log/relais/relais.log
}

runit_starts() {
	mkdir -p /etc/sv /var/service
	eval "$(readme runit)"
	runsvdir /var/service >"$LAB/runsvdir" 2>&1 &
	until_true accepts_mail
	user_sends runit
}

runit_restarts_after_a_crash() {
	local before
	before=$(service)
	kill -KILL "$before"
	until_true test "$(service)" != "$before"
	until_true accepts_mail
	user_sends "after a crash"
}

runit_stops() {
	sv -w 30 stop /var/service/relais
	is_stopped
}

# OpenRC has not started this machine, and Debian lacks the script localmount.
openrc_pretends() {
	ln -sfn /run /var/run
	mkdir -p /run/openrc /etc/runlevels/default
	echo default >/run/openrc/softlevel
	printf '#!/sbin/openrc-run\nstart() { :; }\n' >/etc/init.d/localmount
	chmod 755 /etc/init.d/localmount
	rc-status >"$LAB/rc-status" 2>&1
}

openrc_starts() {
	openrc_pretends
	eval "$(readme OpenRC)"
	until_true accepts_mail
	user_sends OpenRC
}

openrc_stops() {
	rc-service relais stop
	is_stopped
}

install_it
smarthost_start
spec "runit starts the service" runit_starts
spec "sv hup reads the configuration again" reloads sv hup /var/service/relais
spec "runit starts it again after a crash" runit_restarts_after_a_crash
spec "sv stop stops it" runit_stops
spec "OpenRC starts the service" openrc_starts
spec "rc-service reload reads the configuration again" reloads \
    rc-service relais reload
spec "rc-service stop stops it" openrc_stops
spec_end
