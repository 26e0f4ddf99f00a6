#!/usr/bin/env bash
# The list of the queue as JSON, compared with that of Postfix's postqueue.
set -eu
. tests/servers/lab.sh
lab_enter postfix "$0"
. tests/servers/cases.sh
. tests/servers/postfix.sh
postfix_start --only-25
# Nothing listens on port 9, and nothing is delivered here.
postconf -e 'relayhost=[127.0.0.1]:9' virtual_mailbox_domains=
postfix reload 2>/dev/null
export RELAIS_SMARTHOST=smtp://127.0.0.1:9 RELAIS_QUEUE=$LAB/spool
export RELAIS_LOG=off RELAIS_SOCKET=off

# queue PROGRAM: queues a message, and one from the null sender
queue() {
	printf 'Subject: x\n\nhi\n' | "$1" -i -f me@example.org \
	    a@example.net 'b+c@example.net'
	printf 'Subject: x\n\nhi\n' | "$1" -i -f '<>' d@example.net
}

# Values that differ between the two programs become N and TEXT, and what only
# relais prints is removed.
normalize() {
	sed -E 's/("queue_id": )"[^"]*"/\1"N"/
	    s/("(arrival_time|message_size)": )[0-9]+/\1N/g
	    s/("delay_reason": )"([^"\]|\\.)*"/\1"TEXT"/g
	    s/, "status": "waiting"//g
	    s/\], "state": .*/]}/' | sort
}

all_are_deferred() {
	[ "$(postqueue -j | grep -c '"queue_name": "deferred"')" = 2 ]
}

the_lines_are_equal() {
	/usr/sbin/postqueue -j | normalize >"$LAB/theirs"
	"$BUILD/postqueue" -j | normalize >"$LAB/ours"
	[ "$(wc -l <"$LAB/theirs")" = 2 ]
	diff "$LAB/theirs" "$LAB/ours"
}

an_empty_queue_has_no_lines() {
	postsuper -d ALL 2>/dev/null
	[ -z "$(/usr/sbin/postqueue -j)" ]
	[ -z "$(RELAIS_QUEUE=$LAB/none "$BUILD/postqueue" -j)" ]
}

queue /usr/sbin/sendmail
queue "$BUILD/sendmail"
deadline=$((SECONDS + 60))
until all_are_deferred || ((SECONDS > deadline)); do
	pause
done
spec "postqueue: the lines have the form of Postfix" the_lines_are_equal
spec "postqueue: an empty queue has no lines" an_empty_queue_has_no_lines
spec_end
