#!/bin/sh
# run-tests.sh PROGRAM... - run test programs in parallel and add up the results
#
# A program prints its results as cmocka does: "[  PASSED  ] N test(s)." and
# the same for SKIPPED and FAILED.  One line is printed for each program,
# followed by its output if a test failed, or by the reasons ("skipped: ..." on
# a line of its own) if a test was skipped.  A program that crashes, takes more
# than TEST_TIMEOUT seconds, runs no tests or gives no reason for a skipped
# test counts as one failure.  The end of the report names the tests that
# failed, because often only the end is looked at.
set -u

if [ "${1-}" = --one ]; then
	# --one PROGRAM DIRECTORY: output to DIRECTORY/NAME, the exit status and
	# the seconds that it took to NAME.status, CPU times to NAME.times.
	name=$(echo "$2" | tr / _)
	begin=$(date +%s)
	CMOCKA_MESSAGE_OUTPUT=stdout timeout -k 10 "${TEST_TIMEOUT:-600}" \
	    "$2" >"$3/$name" 2>&1 </dev/null &
	echo $! >"$3/$name.pid"
	wait $!
	echo $? $(($(date +%s) - begin)) >"$3/$name.status"
	times >"$3/$name.times"
	exit 0
fi

log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT
trap 'stop 130' INT
trap 'stop 143' TERM HUP

# Stop all programs if we are stopped: timeout(1) passes the signal on.
stop() {
	kill "$runs" 2>/dev/null
	for pid in "$log"/*.pid; do
		kill "$(cat "$pid")" 2>/dev/null
	done
	exit "$1"
}

# Tests expect messages in English, without terminal control sequences.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
LC_ALL=C
export LC_ALL

# AddressSanitizer starts faster without the stacks of allocations in reports,
# which the test prints if it is run alone.
ASAN_OPTIONS=malloc_context_size=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export ASAN_OPTIONS

# failed_tests OUTPUT: the names of the tests that failed, at most 20 of them.
failed_tests() {
	awk '
		/^\[  FAILED  \]/ && !/ [0-9]+ test\(s\)/ && !seen[$0]++ {
			if (++n <= 20)
				print "    " $0
		}
		END { if (n > 20) print "    and " n - 20 " more" }' "$1"
}

printf '%s\n' "$@" >"$log/programs"
# More than there are processors: programs wait for times and events.
xargs -P $(($(nproc) * 3)) -I '{}' "$0" --one '{}' "$log" <"$log/programs" &
runs=$!
wait "$runs"

passed=0 failed=0 skipped=0
for program; do
	name=$(echo "$program" | tr / _)
	[ -f "$log/$name.status" ] || echo 125 0 >"$log/$name.status"
	read -r status seconds <"$log/$name.status"
	# The last line is of the children: "0m1.20s 0m3.40s".
	cpu=$(awk -F '[ms ]+' 'END { printf "%.0f", ($1 + $3) * 60 + $2 + $4 }' \
	    "$log/$name.times" 2>/dev/null)
	# shellcheck disable=SC2046 # four numbers
	set -- $(awk '
		/^\[  PASSED  \] [0-9]+ test\(s\)/ { p += $4 }
		/^\[  FAILED  \] [0-9]+ test\(s\)/ { f += $4 }
		/^\[  SKIPPED \] [0-9]+ test\(s\)/ { s += $4 }
		/^skipped: / { r++ }
		END { print p + 0, f + 0, s + 0, r + 0 }' "$log/$name" 2>/dev/null)
	p=${1:-0} f=${2:-0} s=${3:-0} reasons=${4:-0} note=
	if [ $((p + f + s)) -eq 0 ]; then
		note=" (ran no test; exit status $status)" f=1
	elif [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
		note=" (exit status $status)" f=1
	elif [ "$reasons" -lt "$s" ] && [ "$f" -eq 0 ]; then
		note=" (no reason for a skipped test)" f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	result="$program: $p passed, $f failed, $s skipped, $seconds s, CPU"
	result="$result ${cpu:-0} s$note"
	echo "$result"
	if [ "$f" -ne 0 ]; then
		sed 's/^/    /' "$log/$name"
		{ echo "$result"; failed_tests "$log/$name"; } >>"$log/failed"
	elif [ "$s" -ne 0 ]; then
		sed -n 's/^skipped: /    skipped: /p' "$log/$name" | sort -u
	fi
done
[ ! -f "$log/failed" ] || { echo; cat "$log/failed"; }
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
