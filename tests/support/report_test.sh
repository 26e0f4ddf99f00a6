#!/usr/bin/env bash
# How run-tests.sh reports the output of test programs.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
passed=0 failed=0

# program OUTPUT STATUS: the program that run-tests.sh runs.
program() {
	printf '#!/bin/sh\nprintf "%s\\n"\nexit %d\n' "$1" "$2" >"$here/t"
	chmod 755 "$here/t"
}

# run: leaves in $here/report what is reported, with the program as PROGRAM and
# the seconds and the processor time that it took as N.
run() {
	status=0
	tests/support/run-tests.sh "$here/t" >"$here/output" || status=$?
	sed "s,^$here/t:,PROGRAM:,; s/[0-9][0-9]* s, CPU [0-9]* s/N s, CPU N s/" \
	    "$here/output" >"$here/report"
}

# result SENTENCE COMMAND...: the command is successful.
result() {
	local sentence=$1
	shift
	if "$@"; then
		echo "[       OK ] $sentence"
		passed=$((passed + 1))
	else
		sed 's/^/| /' "$here/report"
		echo "[  FAILED  ] $sentence"
		failed=$((failed + 1))
	fi
}

has_line() {
	grep -qxF "$1" "$here/report" && [ "$status" -eq "$2" ]
}

# reports SENTENCE LINE STATUS: the report has LINE, and the exit status of
# run-tests.sh is STATUS.
reports() {
	run
	result "$1" has_line "$2" "$3"
}

ends_with() {
	tail -n "$(echo "$1" | wc -l)" "$here/report" | diff - <(echo "$1")
}

# ends SENTENCE LINES: the report ends with LINES.
ends() {
	run
	result "$1" ends_with "$2"
}

program '[  PASSED  ] 2 test(s).' 0
reports 'passed tests are counted' \
    'PROGRAM: 2 passed, 0 failed, 0 skipped, N s, CPU N s' 0
ends 'the last line adds up' '2 passed, 0 failed, 0 skipped'

program '[  FAILED  ] 1 test(s), listed below:' 1
reports 'failed tests are counted' \
    'PROGRAM: 0 passed, 1 failed, 0 skipped, N s, CPU N s' 1

program '[  PASSED  ] 1 test(s).\nskipped: no root\n[  SKIPPED ] 1 test(s), ' 0
reports 'skipped tests are counted' \
    'PROGRAM: 1 passed, 0 failed, 1 skipped, N s, CPU N s' 0
reports 'the reason for a skipped test is printed' '    skipped: no root' 0

program '[  PASSED  ] 1 test(s).\nno root\n[  SKIPPED ] 1 test(s), ' 0
reports 'a skipped test without a reason is a failure' \
    'PROGRAM: 1 passed, 1 failed, 1 skipped, N s, CPU N s (no reason for a skipped test)' 1

program '[  PASSED  ] 1 test(s).' 3
reports 'an exit status without a failed test is a failure' \
    'PROGRAM: 1 passed, 1 failed, 0 skipped, N s, CPU N s (exit status 3)' 1

program 'hello' 0
reports 'a program that ran no test is a failure' \
    'PROGRAM: 0 passed, 1 failed, 0 skipped, N s, CPU N s (ran no test; exit status 0)' 1
ends 'the end of the report names a program that did not run' \
    '
PROGRAM: 0 passed, 1 failed, 0 skipped, N s, CPU N s (ran no test; exit status 0)
0 passed, 1 failed, 0 skipped'

program '[  FAILED  ] a rare case\n0 is not 1\n[  PASSED  ] 2 test(s).
[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] a rare case' 1
ends 'the end of the report names the tests that failed, once' \
    '
PROGRAM: 2 passed, 1 failed, 0 skipped, N s, CPU N s
    [  FAILED  ] a rare case
2 passed, 1 failed, 0 skipped'

many=$(printf '[  FAILED  ] case %s\\n' $(seq 25))
program "$many"'[  FAILED  ] 25 test(s), listed below:' 1
ends 'the end of the report names at most 20 tests of a program' \
    '    [  FAILED  ] case 20
    and 5 more
0 passed, 25 failed, 0 skipped'

echo "[  PASSED  ] $passed test(s)."
[ "$failed" -eq 0 ] || echo "[  FAILED  ] $failed test(s)."
[ "$failed" -eq 0 ]
