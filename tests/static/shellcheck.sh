#!/bin/sh
# Runs shellcheck for each script, and for the parts of scripts in tests.
set -eu
scripts=$(find .ci conf man src tests -type f -exec awk '
    FNR == 1 && /^#!.*sh/ { print FILENAME }
    { nextfile }' {} +)
# shellcheck disable=SC2086 # a list of words
shellcheck $scripts

# Parts of scripts use the variables of scripts, and set some for them.
parts=$(find conf tests -name '*.sh' -exec grep -L '^#!' {} +)
# shellcheck disable=SC2086 # a list of words
shellcheck --shell=bash --exclude=SC2034,SC2119,SC2120,SC2154 $parts
