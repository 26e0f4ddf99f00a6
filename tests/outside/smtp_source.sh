#!/usr/bin/env bash
# Postfix's smtp-source as a client of the service, with smtp-sink as the
# smarthost: each message arrives once, or its client is told that it does not.
set -eu
. tests/outside/outside.sh
outside_enter "$0"
echo 'relais:x:990:990::/var/spool/relais:/usr/sbin/nologin' >>/etc/passwd
echo 'relais:x:990:' >>/etc/group
TCP=2526

# service LINE...: starts it, with these further lines in the configuration
service() {
	configure "socket = $LAB/run/submission" 'log = stderr' "$@"
	mkdir -p "$LAB/run"
	chown relais:relais "$LAB/run"
	install -d -o relais -g relais -m 700 "$LAB/spool"
	"${SERVICE[@]}" 2>"$LAB/case/service" &
	PID=$!
	ends_with_case $PID
	until_true grep -q 'accepts mail on' "$LAB/case/service"
}

until_true() {
	local deadline=$((SECONDS + 60))
	until "$@"; do
		((SECONDS < deadline)) || {
			echo "not true after a minute: $*"
			tail -n 20 "$LAB/case/service"
			return 1
		}
		pause
	done
}

all_are_sent() {
	[ "$(entries queue)" -eq 0 ]
}

# source_to SOCKET OPTION...: smtp-source must be content
source_to() {
	smtp-source -f me@client.test -t r@lab.test "${@:2}" "$1" \
	    >"$LAB/case/source" 2>&1 || {
		echo "smtp-source: exit status $?"
		cat "$LAB/case/source"
		return 1
	}
}

# arrived_once N EACH: N messages, with EACH recipients of their own
arrived_once() {
	local found distinct
	until_true all_are_sent
	kill "$PID"
	wait "$PID"
	found=$(sink_recipients | wc -l)
	distinct=$(sink_recipients | uniq | wc -l)
	[ "$found $distinct" = "$(($1 * $2)) $(($1 * $2))" ] || {
		echo "$found recipients, $distinct different ones"
		return 1
	}
	[ "$(find "$LAB/sink" -type f | wc -l)" -eq "$1" ]
}

# loads CONNECTIONS OPTION...: of smtp-source
loads() {
	sink
	service "connections = $1"
	source_to "$SOCKET" "${@:2}" -N -s 4 -m 200 -l 5000
	arrived_once 200 1
}

many_recipients() {
	sink
	service
	source_to "$SOCKET" -L -N -s 4 -m 20 -r 50
	arrived_once 20 50
}

large_messages() {
	sink
	service
	source_to "$SOCKET" -L -N -s 4 -m 8 -l 5000000
	arrived_once 8 1
}

# The smarthost defers: the clients are told that all messages are accepted.
queues() {
	sink "$@"
	service
	source_to "$SOCKET" -L -N -s 4 -m 20
	waiting 20
	sink
	run 0 relais queue flush
	arrived_once 20 1
}

# The smarthost refuses: the client is told, so there is no bounce;
# the message is kept.
refuses() {
	sink "$@"
	service
	fails source_to "$SOCKET" -L -N -s 1 -m 1
	grep -q '500 5.3.0 Error: command failed' "$LAB/case/source"
	waiting 0 1
}

smarthost_ends() {
	sink -M 50
	service
	source_to "$SOCKET" -L -N -s 4 -m 100
	sink_restarts 100
}

# The program that the service manager would be.
activated() {
	exec python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], ["relais", "serve"])' $TCP "$BUILD/relais"
}

SOCKET=unix:$LAB/run/submission
SERVICE=("$BUILD/relais" serve)
spec "smtp-source -L: 200 messages of 4 clients" loads 4 -L
spec "smtp-source -L: the same over one connection to the smarthost" loads 1 -L
spec "smtp-source -L -d: several messages in each session" loads 4 -L -d
spec "smtp-source: SMTP instead of LMTP" loads 4
spec "smtp-source -o: HELO instead of EHLO" loads 4 -o
spec "smtp-source -r 50: a reply for each recipient" many_recipients
spec "smtp-source -l 5000000: large messages" large_messages
for command in CONNECT MAIL RCPT DATA .; do
	spec "smtp-source -L, smtp-sink -r $command: all messages are queued" \
	    queues -r "$command"
done
for command in MAIL RCPT DATA .; do
	spec "smtp-source -L, smtp-sink -f $command: the client is told" \
	    refuses -f "$command"
done
spec "smtp-source -L, smtp-sink -M: the smarthost ends, no message is lost" \
    smarthost_ends
SOCKET=127.0.0.1:$TCP
SERVICE=(activated)
spec "smtp-source over TCP: 200 messages of 4 clients" loads 4
spec_end
