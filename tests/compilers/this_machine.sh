#!/usr/bin/env bash
# Other compilers and another C library, which are installed on this machine.
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. tests/support/script.sh
. tests/compilers/build.sh

# With -O3, the compiler analyses more, and so warns about more.
gcc_builds() {
	build gcc CC=gcc OPTIMIZE=-O3 tests static
}

clang_builds() {
	build clang CC=clang tests
}

# Without OpenSSL for musl, tls.so and the programs of the tests are not built.
# musl-gcc does not look for headers and libraries in the usual directories.
musl_settings() {
	# shellcheck disable=SC2154 # build.sh sets kinds
	local needed=$kinds/musl/needed name

	for name in linux asm asm-generic openssl; do
		rm -rf "${needed:?}/$name"
		mkdir -p "$needed/$name"
		ln -sf /usr/include{,/"$(gcc -print-multiarch)"}/$name/* \
		    "$needed/$name/"
	done
	ln -sf /usr/include/sha2.h "$needed/"
	for name in libbsd.a libmd.a; do
		ln -sfn "$(gcc -print-file-name=$name)" "$needed/"
	done
	musl-gcc -O -c -o "$needed/musl.o" tests/compilers/musl.c
	settings=(CC=musl-gcc LDFLAGS="-L$needed"
	    BSD_CFLAGS="$(pkg-config --cflags libbsd-overlay) -idirafter $needed"
	    BSD_LIBS="-lc $needed/musl.o -l:libbsd.a -l:libmd.a")
}

musl_programs=("$kinds"/musl/{sendmail,relais,mailq,postqueue})
musl_builds() {
	local settings
	musl_settings && build musl "${musl_programs[@]}" "${settings[@]}"
}

# The tests are programs for the usual library, and run the program for musl.
musl_tests=(program/{plain_text,injection,classic,queue,lookup}_test)
musl_works() {
	build musl_tests CC=gcc "${musl_tests[@]/#/$kinds/musl_tests/tests/}" &&
	    for name in "${musl_programs[@]}"; do
		ln -sfn "$name" "$kinds/musl_tests/${name##*/}"
	    done &&
	    run_tests musl_tests "${musl_tests[@]}"
}

# $1: the command that is needed; then as for spec
spec_with() {
	local command=$1
	shift
	if command -v "$command" >/dev/null; then
		spec "$@"
	else
		skip "$1" "$command is missing: make setup check-compilers"
	fi
}

spec_with gcc "gcc finds no conversion that changes a value" \
    build gcc-conversions CC=gcc conversions WERROR='-Werror -Wconversion'
# To clang, an enum is unsigned, and an int that stores it changes its sign.
spec_with clang "clang finds no conversion that changes a value" \
    build clang-conversions CC=clang conversions \
    WERROR='-Werror -Wconversion -Wno-sign-conversion'
for compiler in gcc clang; do
	spec_with $compiler "$compiler builds programs and tests" \
	    ${compiler}_builds
done
spec_with musl-gcc "musl-gcc builds the program" musl_builds
spec_with musl-gcc "the program with musl sends mail" musl_works
spec_end
