# script.sh - test cases of a script without a lab (sourced)
#
#	scratch=DIRECTORY; . tests/support/script.sh
#	spec "a sentence" command [argument...]
#	skip "a sentence" "the reason"
#	spec_end
#
# runs each case in a subshell, which ends at its first failing command, and
# prints the results as cmocka does, with the output of a case that fails.
# spec_end returns whether no case failed.

passed=0 failed=0 skipped=0

# A case must not run in a condition, which would disable `set -e`.
spec() {
	local sentence=$1 status
	shift
	set +e
	(
		set -eu
		"$@"
	) >"$scratch/log" 2>&1
	status=$?
	set -e
	if [ "$status" -eq 0 ]; then
		echo "[       OK ] $sentence"
		passed=$((passed + 1))
	else
		cat "$scratch/log"
		echo "[  FAILED  ] $sentence"
		failed=$((failed + 1))
	fi
}

skip() {
	echo "[  SKIPPED ] $1"
	echo "skipped: $2"
	skipped=$((skipped + 1))
}

spec_end() {
	echo "[==========] $((passed + failed + skipped)) test(s) run."
	echo "[  PASSED  ] $passed test(s)."
	[ "$skipped" -eq 0 ] || echo "[  SKIPPED ] $skipped test(s)."
	[ "$failed" -eq 0 ] || echo "[  FAILED  ] $failed test(s)."
	[ "$failed" -eq 0 ]
}
