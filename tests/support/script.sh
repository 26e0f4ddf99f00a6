# script.sh - test cases of a script without a lab (sourced)
#
#	scratch=DIRECTORY; . tests/support/script.sh
#	spec "a sentence" command [argument...]
#	skip "a sentence" "the reason"
#	spec_end
#
# prints the results as cmocka does.  The output of a command that fails is
# printed.  spec_end returns whether no case failed.

passed=0 failed=0 skipped=0

spec() {
	local sentence=$1
	shift
	if "$@" >"$scratch/log" 2>&1; then
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
