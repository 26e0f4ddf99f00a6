#!/usr/bin/env bash
# Postfix's smtp-sink as a smarthost that refuses commands, closes the
# connection, or is slow.  The exit status and the queue are right, and no
# message is lost or arrives twice.
set -eu
. tests/outside/outside.sh
outside_enter "$0"

to=(a@lab.test b@lab.test)

# message N: in $LAB/case/message, N octets of text
message() {
	{ head_of "${to[0]}, ${to[1]}" "$1 octets"; octets "$1"; } \
	    >"$LAB/case/message"
}

# submit STATUS OPTION...: the message, in this way
submit() {
	run "$1" sendmail -i "${@:2}" "${to[@]}" <"$LAB/case/message"
}

# Each recipient has the message, once and octet for octet.
arrived_once() {
	local file
	sink_has "${to[@]}"
	for file in "$LAB"/sink/*; do
		sink_content "$file" | cmp - "$LAB/case/message"
	done
}

flush() {
	run 0 relais queue flush
	waiting 0
	arrived_once
}

# Now, the fault is over.
later() {
	sink
	flush
}

# refused STATUS OPTION...: the message does not wait in the queue
refused() {
	local want=$1
	shift
	configure
	message 2000
	sink "$@"
	submit "$want"
	waiting 0 1
	stderr_says '500 5.3.0 Error: command failed'
}

# kept OPTION...: if the session is refused, a message of the queue remains
kept() {
	message 2000
	configure
	submit 0 -odq
	sink "$@"
	run 75 sendmail -q
	waiting 1
	later
}

# bounced OPTION...: a message of the queue is given up.  The bounce is refused
# as well, and can be sent later.
bounced() {
	message 2000
	configure
	submit 0 -odq -f me@client.test
	sink "$@"
	run 75 sendmail -q
	waiting 0 1
	sink
	run 0 relais queue release --failed >/dev/null
	run 0 relais queue flush
	waiting 0
	sink_has me@client.test
	grep -q '^Content-Type: message/delivery-status' "$LAB"/sink/*
	grep -q '^Subject: 2000 octets' "$LAB"/sink/*
}

# deferred OPTION...: with a queue, the message is queued; without, the caller
# is told to try again.  The queue run keeps it as well.
deferred() {
	message 2000
	configure 'queue = off'
	sink "$@"
	submit 75
	configure
	submit 0
	waiting 1
	run 75 sendmail -q
	waiting 1
	later
}

# The connection is closed after the end of the message, which the server may
# have accepted: only the administrator can have it sent again before an hour.
in_doubt() {
	message 2000
	configure 'queue = off'
	sink -q .
	submit 75
	stderr_says 'the server may have accepted the message'
	configure
	submit 0
	waiting 1
	sink
	run 75 sendmail -q
	waiting 1
	sink_has
	flush
}

# The server ends after the fourth of ten messages, before it replies.
server_ends() {
	local n
	configure
	for n in $(seq 10); do
		printf 'Subject: x\n\nhi\n' |
		    run 0 sendmail -odq "r$n@lab.test"
	done
	sink -M 4
	run 75 sendmail -q
	waiting 7
	sink_restarts 10
}

accepted() {
	local size=$1
	shift
	configure 'timeout = 20s'
	message "$size"
	sink "$@"
	submit 0
	waiting 0
	arrived_once
}

# too_slow OPTION...: the server replies after the timeout
too_slow() {
	message 2000
	configure 'timeout = 500ms'
	sink "$@"
	submit 0
	waiting 1
	[ ! -s "$LAB/case/stderr" ]
	later
}

# The server replies to the message while it is being sent, and closes the
# connection.  The reply is read, or lost with the connection.
aborted() {
	local status=0
	message 5000000
	configure
	sink -A 0
	"$BUILD/sendmail" -i "${to[@]}" <"$LAB/case/message" \
	    2>"$LAB/case/stderr" || status=$?
	case $status in
	0)
		waiting 1
		later
		;;
	69)
		waiting 0 1
		stderr_says '550 This violates SMTP'
		;;
	*)
		echo "exit status $status"
		return 1
		;;
	esac
}

many_recipients() {
	configure
	message 2000
	seq -f 'r%g@lab.test' 1000 >"$LAB/case/recipients"
	sink "$@"
	# shellcheck disable=SC2046 # a list of words
	run 0 sendmail -i $(cat "$LAB/case/recipients") <"$LAB/case/message"
	sort "$LAB/case/recipients" | diff - <(sink_recipients)
}

# The text has 8-bit octets, which a server without 8BITMIME must not get.
seven_bits() {
	configure
	{ head_of a@lab.test '8 bits' 8bit; printf 'Gr\303\274\303\237e\n'; } \
	    >"$LAB/case/message"
	sink "$@"
	submit 0
	sink_has "${to[@]}"
	fails grep -q '[^ -~[:space:]]' "$LAB"/sink/*
	sink_content "$LAB"/sink/* >"$LAB/case/mail"
	decoded "$LAB/case/mail" | grep -qx $'Gr\303\274\303\237e'
}

for command in CONNECT EHLO,HELO MAIL DATA .; do
	spec "smtp-sink -f $command: the message is refused" \
	    refused 69 -f "$command"
done
spec "smtp-sink -f RCPT: the recipients are refused" refused 67 -f RCPT
for command in CONNECT EHLO,HELO; do
	spec "smtp-sink -f $command: a queued message is kept" \
	    kept -f "$command"
done
for command in MAIL RCPT DATA .; do
	spec "smtp-sink -f $command: the bounce of a queued message is kept" \
	    bounced -f "$command"
done
spec "smtp-sink -f EHLO: HELO is sent" accepted 2000 -f EHLO
spec "smtp-sink -f QUIT,RSET,NOOP: the message has arrived" \
    accepted 2000 -f QUIT,RSET,NOOP
for command in CONNECT EHLO,HELO MAIL RCPT DATA .; do
	spec "smtp-sink -r $command: the message is deferred" \
	    deferred -r "$command"
	spec "smtp-sink -Q $command: the message is deferred" \
	    deferred -Q "$command"
done
for command in CONNECT EHLO,HELO MAIL RCPT DATA; do
	spec "smtp-sink -q $command: the message is deferred" \
	    deferred -q "$command"
done
spec "smtp-sink -q .: the message is in doubt, and not sent again" in_doubt
spec "smtp-sink -q QUIT: the message has arrived" accepted 2000 -q QUIT
spec "smtp-sink -M: no message is lost if the server ends" server_ends
spec "smtp-sink -A: the server refuses the message while it is sent" aborted
spec "smtp-sink -w: a slow server accepts the message" accepted 2000 -w 1
spec "smtp-sink -w: the message is deferred after the timeout" too_slow -w 3
spec "smtp-sink -H: a server that reads late accepts a large message" \
    accepted 5000000 -H 1
spec "smtp-sink -R, -s, -h: the message has arrived" \
    accepted 2000 -R / -s HELO,MAIL,RCPT -h mail.lab.test
spec "smtp-sink: 1,000 recipients" many_recipients
spec "smtp-sink -p: 1,000 recipients without PIPELINING" many_recipients -p
for option in -e -8 -P '-f EHLO -8'; do
	# shellcheck disable=SC2086 # options
	spec "smtp-sink $option: 8-bit text is encoded" seven_bits $option
done
spec_end
