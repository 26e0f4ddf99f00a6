#!/bin/sh
# includes.sh LAYER... - no include in src points up
#
# The directories of src are given from top to bottom.  A file may include
# headers of its own directory and of those below it, and a directory that is
# not listed is an error, so that the list stays complete.
set -u
status=0
above=
for layer; do
	[ -d "src/$layer" ] || continue
	for other in $above; do
		grep -n "^#include \"$other/" "src/$layer"/*.[ch] /dev/null && {
			echo "src/$layer must not include $other/:" \
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
		echo "src/$directory has no place in LAYERS (Makefile)" >&2
		status=1
		;;
	esac
done
exit "$status"
