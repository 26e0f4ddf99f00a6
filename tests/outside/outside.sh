# outside.sh - a lab with the programs of other authors (sourced)
#
#	. tests/outside/outside.sh
#	outside_enter "$0"
#
# runs the script again in a lab with the packages of the image "outside", or
# skips it if they have not been unpacked.  /etc/relais.conf names an smtp-sink
# as the smarthost, and the queue is $LAB/spool.

. tests/servers/lab.sh

PORT=2525

outside_enter() {
	if [ -z "${LAB-}" ] && [ ! -e build/servers/outside/packages ] &&
	    [ -z "$(tests/servers/image.sh --obstacle)" ]; then
		echo 'skipped: the programs are not unpacked: make setup-outside'
		echo '[  SKIPPED ] 1 test(s).'
		exit 0
	fi
	lab_enter outside "$1"
	. tests/servers/cases.sh
}

# configure LINE...: writes /etc/relais.conf with these further lines, and
# empties the queue.
configure() {
	printf '%s\n' "smarthost = smtp://127.0.0.1:$PORT" 'tls = off' \
	    "queue = $LAB/spool" 'socket = off' 'log = off' \
	    'domain = client.test' "$@" >/etc/relais.conf
	rm -rf "$LAB/spool"
}

# run STATUS PROGRAM ARGUMENT...: of the build under test, with its standard
# error in $LAB/case/stderr
run() {
	local want=$1 program=$2 status=0
	shift 2
	timeout 100 "$BUILD/$program" "$@" \
	    2>"$LAB/case/stderr" || status=$?
	[ "$status" -eq "$want" ] || {
		echo "$program $*: exit status $status instead of $want"
		return 1
	}
}

# ends_with_case PID: kills this process at the end of the case.
ends_with_case() {
	started="${started-} $1"
	# shellcheck disable=SC2064 # the value now
	trap "kill $started 2>/dev/null" EXIT
}

# sink OPTION...: starts smtp-sink with these options in place of the one that
# runs.
sink() {
	sink_stop
	rm -rf "$LAB/sink"
	mkdir "$LAB/sink"
	chown nobody "$LAB/sink"
	smtp-sink -u nobody -d "$LAB/sink/m." "$@" 127.0.0.1:$PORT 100 \
	    >"$LAB/sink.log" 2>&1 &
	SINK=$!
	ends_with_case $SINK
	wait_for_port $PORT $SINK "$LAB/sink.log"
}

sink_stop() {
	[ -n "${SINK-}" ] || return 0
	kill "$SINK" 2>/dev/null || :
	wait "$SINK" 2>/dev/null || :
	SINK=
}

# sink_has RECIPIENT...: requires that the messages that smtp-sink has accepted
# have exactly these recipients, each in one message.
sink_has() {
	local address
	for address; do
		echo "$address"
	done | sort | diff - <(sink_recipients)
}

# The last line of a file is empty unless smtp-sink ended while it received the
# message.
sink_recipients() {
	find "$LAB/sink" -type f -exec awk '
		function finish() {
			if (NR > 1 && last == "")
				printf "%s", list
			list = ""
			header = 1
		}
		FNR == 1 { finish() }
		header && /^X-Rcpt-Args: </ {
			split($2, path, /[<>]/)
			list = list path[2] "\n"
		}
		/^$/ { header = 0 }
		{ last = $0 }
		END { finish() }' {} + | sort
}

# sink_restarts N: after smtp-sink has ended while N messages were sent, each of
# them has arrived once, or is in doubt and has not been sent again.
sink_restarts() {
	local doubtful
	sink_recipients >"$LAB/case/first"
	sink
	run 75 sendmail -q
	doubtful=$("$BUILD/mailq" | grep -c 'may have been delivered already')
	waiting "$doubtful"
	sink_recipients | sort - "$LAB/case/first" >"$LAB/case/arrived"
	uniq -d "$LAB/case/arrived" | diff /dev/null -
	[ "$(($(wc -l <"$LAB/case/arrived") + doubtful))" -ge "$1" ]
	run 0 relais queue flush
	waiting 0
	[ "$(sink_recipients | sort -u - "$LAB/case/first" | wc -l)" -eq "$1" ]
}

# Without the transcripts, whose names begin with a dot.
entries() {
	mkdir -p "$LAB/spool/$1"
	find "$LAB/spool/$1" -type f ! -name '.*' | wc -l
}

# waiting N [M]: requires N messages in the queue, and M (0) that were given up.
waiting() {
	local found given_up
	found=$(entries queue)
	given_up=$(entries failed)
	[ "$found $given_up" = "$1 ${2-0}" ] || {
		echo "$found waiting, $given_up given up: not $1, ${2-0}"
		"$BUILD/mailq"
		return 1
	}
}

# sink_content FILE: the message in a file of smtp-sink, which adds a header of
# its own and an empty line
sink_content() {
	sed '1,/^	[A-Z][a-z][a-z], .*)$/d' "$1" | head -c -1
}
