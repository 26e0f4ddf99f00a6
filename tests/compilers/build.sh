# build.sh - build the source in another way (sourced)
#
#	build KIND GOAL... VARIABLE=VALUE...
#
# builds the goals in the directory $kinds/KIND.  A warning is an error.

kinds=$PWD/build/compilers

build() {
	local kind=$1
	shift
	make -j"$(nproc)" B="$kinds/$kind" WERROR=-Werror "$@"
}

# run_tests DIRECTORY NAME...: the programs in $kinds/DIRECTORY/tests
run_tests() {
	local tests=$kinds/$1/tests
	shift
	tests/support/run-tests.sh "${@/#/$tests/}"
}
