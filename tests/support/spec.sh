# spec.sh - functions for test cases in a lab (sourced)
#
#	spec "a sentence" function [argument...]
#
# runs one case in a subshell and prints the result as cmocka does; a case
# fails at its first failing command.  spec_end prints the totals.

passed=0
failures=()

# An error must end the case, so it must not run in a condition, which would
# disable `set -e`.
spec() {
	local sentence=$1 status
	shift
	echo "[ RUN      ] $sentence"
	rm -rf "$LAB/case"
	find "$LAB"/mail "$LAB"/lmtp -path '*/new/*' -delete 2>/dev/null || :
	mkdir -m 755 "$LAB/case"
	set +e
	(set -euo pipefail; "$@") >"$LAB/case/output" 2>&1
	status=$?
	set -e
	if [ "$status" -eq 0 ]; then
		passed=$((passed + 1))
		echo "[       OK ] $sentence"
	else
		failures+=("$sentence")
		cat "$LAB/case/output"
		for file in relais.conf stdout stderr; do
			[ ! -s "$LAB/case/$file" ] ||
			    head -n 12 "$LAB/case/$file" | sed "s/^/$file: /"
		done
		echo "[  FAILED  ] $sentence"
	fi
}

spec_end() {
	local logs
	echo "[  PASSED  ] $passed test(s)."
	[ "${#failures[@]}" -eq 0 ] && exit 0
	echo "[  FAILED  ] ${#failures[@]} test(s), listed below:"
	printf '[  FAILED  ] %s\n' "${failures[@]}"
	for logs in "$LAB/maillog" "$LAB/dovecot.log" "$LAB/exim/mainlog"; do
		[ ! -f "$logs" ] || tail -n 40 "$logs"
	done
	exit 1
}

# One step of a loop that waits for an event that nothing reports.
pause() {
	read -r -t 0.02 <>"$LAB/never" || :
}

# fails COMMAND [ARGUMENT...]: ends the case if the command succeeds.  After
# `! command`, the case would go on, whatever the status is.
fails() {
	if "$@"; then
		echo "succeeds, but must fail: $*"
		return 1
	fi
}

# The decoded body of a delivered message.
decoded() {
	python3 -c '
import email, email.policy, sys
with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.SMTP)
sys.stdout.buffer.write(message.get_payload(decode=True))' "$1" |
	    tr -d '\r'
}

[ -p "$LAB/never" ] || mkfifo "$LAB/never"
