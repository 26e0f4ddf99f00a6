#!/bin/sh
# run.sh BUILD/tests/fuzz/NAME_fuzz SECONDS [OPTION...] - run a fuzz target
#
# Begins with the inputs in corpus/NAME, and inserts the words of NAME.dict.  New
# inputs are kept in the build directory for the next run.  Prints the number of
# inputs that were tried, or the end of the log if one of them fails.
set -eu
directory=$(dirname "$1")
name=$(basename "$1" _fuzz)
target=$1 seconds=$2
shift 2
seeds=tests/fuzz/corpus/$name
dictionary=tests/fuzz/$name.dict
log=$directory/$name.log

# New memory is filled, so that text which is read beyond its end has no end.
ASAN_OPTIONS=max_malloc_fill_size=65536${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export ASAN_OPTIONS

mkdir -p "$directory/corpus/$name"
[ -d "$seeds" ] || seeds=
[ -f "$dictionary" ] || dictionary=
if ! "$target" -max_total_time="$seconds" -timeout=10 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$directory/$name-" "$@" \
    ${dictionary:+-dict="$dictionary"} \
    "$directory/corpus/$name" ${seeds:+"$seeds"} >"$log" 2>&1; then
	tail -n 100 "$log"
	exit 1
fi
echo "$name: $(grep number_of_executed "$log")"
