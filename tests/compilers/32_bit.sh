#!/usr/bin/env bash
# The 32-bit program: built, and tested, with the libraries of another
# architecture, which are unpacked in build/servers/32_bit.
set -eu
. tests/servers/lab.sh
lab_enter 32_bit "$0"
# shellcheck disable=SC2034 # for script.sh
scratch=$LAB
. tests/support/script.sh
. tests/compilers/build.sh

export PKG_CONFIG_LIBDIR=/usr/lib/i386-linux-gnu/pkgconfig:/usr/share/pkgconfig
program_tests=(program/{plain_text,tls,auth,queue,large,limits,service}_test)

builds() {
	build 32_bit CC='gcc -m32' all
}

conversions() {
	build 32_bit-conversions CC='gcc -m32' conversions \
	    WERROR='-Werror -Wconversion'
}

unit_tests() {
	build 32_bit CC='gcc -m32' check-unit
}

sends_mail() {
	build 32_bit CC='gcc -m32' \
	    "${program_tests[@]/#/$kinds/32_bit/tests/}" &&
	    run_tests 32_bit "${program_tests[@]}"
}

spec "gcc -m32 builds the programs" builds
spec "gcc -m32 finds no conversion that changes a value" conversions
spec "the unit tests pass" unit_tests
spec "the 32-bit program sends and queues mail" sends_mail
spec_end
