#!/bin/sh
# includes.sh LAYER... - check that no include points up
#
# The directories of src are given from top to bottom.  A file of src, or a unit
# test of tests, may include headers of its own directory and of the directories
# below it.  A directory that is not listed is an error, so that the list is
# complete.
set -u
status=0
above=
for layer; do
	[ -d "src/$layer" ] || continue
	for other in $above; do
		grep -n "^#include \"$other/" "src/$layer"/*.[ch] \
		    "tests/$layer"/*_test.c /dev/null 2>/dev/null && {
			echo "$layer must not include $other/:" \
			    "includes only point down (src/README.md)" >&2
			status=1
		}
	done
	above="$above $layer"
done
for directory in src/*/; do
	directory=$(basename "$directory")
	case " $* " in
	*" $directory "*) ;;
	*)
		echo "src/$directory is missing in LAYERS (Makefile)" >&2
		status=1
		;;
	esac
done
exit "$status"
