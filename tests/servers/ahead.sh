# ahead.sh - cases for queued messages that share a session (sourced)
#
# with_late_replies has the replies to a message held back until relais has sent
# the next envelope.  If it were not sent ahead, the case would time out, and the
# numbers of connections and flights would be others.

# with_queue LINE... -- CASE...: runs CASE with a queue and one connection,
# without user and password.
with_queue() {
	written_by queue_configuration "$@"
}

queue_configuration() {
	configuration "$@" 'connections = 1'
	sed -i "s|^queue = .*|queue = $LAB/case/spool|" \
	    "$LAB/case/relais.conf"
}

# The same with user and password.
with_password_and_queue() {
	written_by queue_configuration_with_password "$@"
}

queue_configuration_with_password() {
	configuration_with_password "$@" 'connections = 1'
	sed -i "s|^queue = .*|queue = $LAB/case/spool|" \
	    "$LAB/case/relais.conf"
}

# with_late_replies PORT N CASE...: runs CASE with a queue and a smarthost that
# passes connections on to PORT, and replies late to the first N messages.
with_late_replies() {
	python3 tests/servers/late_replies.py 2525 "$1" "$2" \
	    >"$LAB/case/flights" &
	LATE_REPLIES=$!
	trap 'kill "$LATE_REPLIES"' EXIT
	until grep -qs ready "$LAB/case/flights"; do
		kill -0 "$LATE_REPLIES"
		pause
	done
	shift 2
	with_queue 'smarthost = smtp://127.0.0.1:2525' 'tls = off' -- "$@"
}

# put OCTETS RECIPIENT...: queues a message with the null sender.
put() {
	local octets=$1
	shift
	{ head_of "$1" "to $*"; octets "$octets"; } >"$LAB/case/$1"
	relais 0 -odq -i -f '<>' "$@" <"$LAB/case/$1"
}

# took CONNECTION...: messages and flights of each connection, as patterns
took() {
	local deadline=$((SECONDS + 20)) want
	want=$(printf '%s\n' ready "$@")
	until [[ $(cat "$LAB/case/flights") =~ ^$want$ ]]; do
		((SECONDS < deadline)) || {
			echo "connections, with messages and flights:"
			cat "$LAB/case/flights"
			return 1
		}
		pause
	done
}

# arrive SERVER DIRECTORY RECIPIENT...: exactly these recipients have received
# their message, once, and the log has the reply to that message: it has the
# queue ID that the server has written to Received.
arrive() {
	local server=$1 directory=$2 file to ids
	shift 2
	await_delivery "$directory" $#
	delivered_files "$directory" | while read -r file; do
		to=$("${server}_recipient" "$file")
		grep -q "^Subject: to .*$to" "$file" ||
		    { echo "$to has the message of another one" >&2; exit 1; }
		ids=$(sed -nE 's/.*[[:blank:]]id ([^ ;]+).*/\1/p; /^$/q' "$file")
		[ -n "$ids" ]
		grep " to=<$to>" "$LAB/case/stderr" | grep -qwF -e "$ids" ||
		    { echo "$to: the log has another reply" >&2; exit 1; }
		echo "$to"
	done | sort >"$LAB/case/who"
	printf '%s\n' "$@" | sort | diff - "$LAB/case/who"
}

# remain QUEUED FAILED: entries
remain() {
	[ "$(find "$LAB/case/spool/queue" -type f | wc -l)" -eq "$1" ]
	[ "$(find "$LAB/case/spool/failed" -name '*[0-9a-z]' -type f \
	    ! -name '*.*' | wc -l)" -eq "$2" ]
}

five_messages() {
	local n
	for n in 1 2 3 4 5; do
		put 2048 "r$n@lab.test"
	done
	relais 0 -q
	arrive "$1" "$2" r{1..5}@lab.test
	remain 0 0
}

five_messages_take() {
	five_messages "$1" "$2"
	shift 2
	took "$@"
}

# A recipient is refused, then a message is refused, and one is deferred.
refusals_between_messages() {
	put 2048 r1@lab.test
	put 2048 r2@lab.test
	put 2048 r3@lab.test bad@lab.test
	put 2048 bad@lab.test
	put 2048 r4@lab.test
	put 2048 full@lab.test
	put 2048 r5@lab.test
	relais 75 -q
	arrive "$1" "$2" r{1..5}@lab.test
	stderr_says 'to=<bad@lab.test>'
	remain 1 2
	shift 2
	took "$@"
}

# The second message is too large; the log says the given text.
a_large_message_between_others() {
	put 2048 r1@lab.test
	put 100000 r2@lab.test
	put 2048 r3@lab.test
	relais 75 -q
	arrive "$1" "$2" r1@lab.test r3@lab.test
	stderr_says "$3"
	remain 0 1
	shift 3
	took "$@"
}

# The server closes the connection because of two refused recipients.
errors_close_the_connection() {
	put 2048 r1@lab.test
	put 2048 bad@lab.test
	put 2048 bad@lab.test
	put 2048 r2@lab.test
	put 2048 r3@lab.test
	relais 75 -q
	arrive "$1" "$2" r{1..3}@lab.test
	remain 0 2
	shift 2
	took "$@"
}

# The server closes the connection when it gets the third MAIL.
each_connection_takes_two_messages() {
	local n
	for n in 1 2 3 4; do
		put 2048 "r$n@lab.test"
	done
	relais 0 -q
	arrive "$1" "$2" r{1..4}@lab.test
	remain 0 0
	shift 2
	took "$@"
}

# The server accepts two messages, and then none for a while.
two_messages_are_accepted() {
	local n
	for n in 1 2 3 4; do
		put 2048 "r$n@lab.test"
	done
	relais 75 -q
	arrive "$1" "$2" r1@lab.test r2@lab.test
	remain 2 0
	shift 2
	took "$@"
}
