#!/usr/bin/env bash
# How run-tests.sh reports the output of test programs.
set -eu
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
passed=0 failed=0

# reports SENTENCE LINE STATUS: the program $here/t is reported as LINE, and
# run-tests.sh exits with STATUS.
reports() {
	local status=0
	chmod 755 "$here/t"
	tests/support/run-tests.sh "$here/t" >"$here/report" || status=$?
	if grep -qxF "${2//PROGRAM/$here/t}" "$here/report" &&
	    [ "$status" -eq "$3" ]; then
		echo "[       OK ] $1"
		passed=$((passed + 1))
	else
		sed 's/^/| /' "$here/report"
		echo "[  FAILED  ] $1"
		failed=$((failed + 1))
	fi
}

program() {
	printf '#!/bin/sh\nprintf "%s\\n"\nexit %d\n' "$1" "$2" >"$here/t"
}

program '[  PASSED  ] 2 test(s).' 0
reports 'passed tests are counted' 'PROGRAM: 2 passed, 0 failed, 0 skipped' 0

program '[  FAILED  ] 1 test(s), listed below:' 1
reports 'failed tests are counted' 'PROGRAM: 0 passed, 1 failed, 0 skipped' 1

program '[  PASSED  ] 1 test(s).\nskipped: no root\n[  SKIPPED ] 1 test(s), ' 0
reports 'skipped tests are counted' 'PROGRAM: 1 passed, 0 failed, 1 skipped' 0
reports 'the reason for a skipped test is printed' '    skipped: no root' 0

program '[  PASSED  ] 1 test(s).\nno root\n[  SKIPPED ] 1 test(s), ' 0
reports 'a skipped test without a reason is a failure' \
    'PROGRAM: 1 passed, 1 failed, 1 skipped (no reason for a skipped test)' 1

program '[  PASSED  ] 1 test(s).' 3
reports 'an exit status without a failed test is a failure' \
    'PROGRAM: 1 passed, 1 failed, 0 skipped (exit status 3)' 1

program 'hello' 0
reports 'a program that ran no test is a failure' \
    'PROGRAM: 0 passed, 1 failed, 0 skipped (ran no test; exit status 0)' 1

echo "[  PASSED  ] $passed test(s)."
[ "$failed" -eq 0 ] || echo "[  FAILED  ] $failed test(s)."
[ "$failed" -eq 0 ]
