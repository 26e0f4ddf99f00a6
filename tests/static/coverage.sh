#!/bin/sh
# coverage.sh BUILD PERCENT DIRECTORY... - report the lines that tests executed
#
# Prints the percentage for each directory of src/, writes the lines that were
# not executed to BUILD/uncovered, and fails if one of the given directories has
# less than PERCENT.
set -eu
build=$1 least=$2
shift 2

llvm-profdata merge --sparse -o "$build/profile" "$build"/profiles/*.profraw
# The two programs contain each file; the counters of tests have its names.
llvm-cov export --format=lcov --instr-profile="$build/profile" \
    "$build/sendmail" --object="$build/relais-token" >"$build/lcov"

awk -F '[:,]' -v least="$least" -v needed="$*" -v list="$build/uncovered" '
	BEGIN { printf "" >list }
	/^SF:/ {
		file = $2
		sub(/.*\/src\//, "", file)
		directory = file
		if (!sub(/\/.*/, "", directory))
			directory = "main.c"
	}
	/^DA:/ { all[directory]++ }
	/^DA:/ && $3 > 0 { executed[directory]++ }
	/^DA:/ && $3 == 0 { print "src/" file ":" $2 >list }
	END {
		for (d in all) {
			percent = 100 * executed[d] / all[d]
			printf "%-8s %5.1f %% of %d lines\n", d, percent, all[d]
			if (percent < least && index(" " needed " ", " " d " "))
				low = 1
		}
		exit low
	}' "$build/lcov" >"$build/percentages" || status=$?
sort "$build/percentages"
[ "${status-0}" -eq 0 ] || {
	echo "one of these directories has less than $least %: $*"
	exit 1
}
