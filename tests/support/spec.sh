# spec.sh - sourced inside a lab: cases, and what they have in common
#
#	spec "a sentence" function [argument...]
#
# runs one case in a subshell and tells it as cmocka does; a case fails with
# the first step that does.  spec_end adds up.

passed=0
failures=()

# An error anywhere in a case must end it, so it runs where no condition
# switches `set -e` off.
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

# For what tells nobody that it has happened: look every 20 ms.
pause() {
	read -r -t 0.02 <>"$LAB/never" || :
}

# The text behind the header of a delivered file, its encoding undone.
decoded() {
	python3 -c '
import email, email.policy, sys
with open(sys.argv[1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.SMTP)
sys.stdout.buffer.write(message.get_payload(decode=True))' "$1" |
	    tr -d '\r'
}

[ -p "$LAB/never" ] || mkfifo "$LAB/never"
