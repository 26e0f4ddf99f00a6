#!/bin/sh
# Runs shellcheck for the scripts that are newer than the file $1.
set -eu
if [ ! -f "$1" ] || [ -n "$(find .shellcheckrc "$0" -newer "$1")" ]; then
	rm -f "$1"
fi
newer=
[ ! -f "$1" ] || newer="-newer $1"
touch "$1.new"

# shellcheck disable=SC2086 # no argument, or two
scripts=$(find .ci conf man src tests -type f $newer -exec awk '
    FNR == 1 && /^#!.*sh/ { print FILENAME }
    { nextfile }' {} +)
# shellcheck disable=SC2086 # a list of words
[ -z "$scripts" ] || shellcheck $scripts

# Parts of scripts use the variables of scripts, and set some for them.
# shellcheck disable=SC2086 # no argument, or two
parts=$(find conf tests -name '*.sh' $newer -exec grep -L '^#!' {} +)
# shellcheck disable=SC2086 # a list of words
[ -z "$parts" ] || shellcheck --shell=bash \
    --exclude=SC2034,SC2119,SC2120,SC2154 $parts
mv "$1.new" "$1"
