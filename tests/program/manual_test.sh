#!/bin/sh
# The manuals are sound mdoc.
passed=0 failed=0
for page in man/*.[158]; do
	if mandoc -Tlint -Wwarning "$page"; then
		echo "[       OK ] $page"
		passed=$((passed + 1))
	else
		echo "[  FAILED  ] $page"
		failed=$((failed + 1))
	fi
done
echo "[  PASSED  ] $passed test(s)."
[ "$failed" -eq 0 ] || echo "[  FAILED  ] $failed test(s)."
[ "$failed" -eq 0 ]
