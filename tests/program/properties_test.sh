#!/usr/bin/env bash
# The tests that tests/properties and relais(8) list exist, and no signal handler does work.
set -u
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
. tests/support/script.sh

# A case is a string in the source of its test, which can be in several pieces,
# or a function; "function" stands for all cases.
every_case_exists() {
	python3 - <<-'END'
	import pathlib, re, sys

	source = {}
	missing = False
	for line in open("tests/properties", encoding="utf-8"):
	    match = re.fullmatch(r"\t([a-z]+/[a-z_]+)\t(.+)\n", line)
	    if not match:
	        continue
	    program, case = match.groups()
	    if program not in source:
	        files = [f for end in ("c", "sh") if (f := pathlib.Path(
	            f"tests/{program}.{end}")).exists()]
	        text = "".join(f.read_text(encoding="utf-8") for f in files)
	        source[program] = re.sub(r'"[\s\\]*"', "", text)
	    if not source[program] or (case != "function" and
	                               case not in source[program]):
	        print(f"tests/{program} has no case {case}")
	        missing = True
	sys.exit(missing)
	END
}

# A property is followed by a line that begins with a tab.
every_property_has_a_test() {
	awk '/^#/ || /^$/ { next }
	/^[^\t]/ { if (last != "") { print "no test: " last; bad = 1 } last = $0 }
	/^\t/ {
		last = ""
		if ($0 !~ /^\t[a-z]+\/[a-z_]+\t./ && $0 !~ /^\tnone: ./) {
			print "not a test: " $0; bad = 1
		}
	}
	END { exit bad || last != "" }' tests/properties
}

# The tests that the section SECURITY of the manual names.
manual_names_tests() {
	local name failed=0
	for name in $(sed -n '/^\.Sh SECURITY/,/^\.Sh ENV/p' man/relais.8 |
	    grep -oE '[a-z_]+_test'); do
		compgen -G "tests/*/$name.*" >/dev/null ||
		    { echo "there is no $name"; failed=1; }
	done
	return "$failed"
}

# The handler of src/token/store.c only interrupts a wait for a lock.
no_handler_but_do_nothing() {
	! grep -rnE 'sa_handler *=|sa_sigaction *=|[^a-z_]signal\(SIG' src |
	    grep -vE 'SIG_DFL|SIG_IGN|= do_nothing'
}

spec "each test in tests/properties exists" every_case_exists
spec "each property has a test, or a reason" every_property_has_a_test
spec "each test that relais(8) names exists" manual_names_tests
spec "no signal handler does any work" no_handler_but_do_nothing
spec_end
