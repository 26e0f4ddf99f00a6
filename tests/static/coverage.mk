# The lines that tests execute, included by the Makefile.  `make coverage` needs
# clang: its counters are in files that are mapped (%c), so that processes count
# that are killed, call _exit(), or are in the sandbox.  OpenSSL is part of the
# program, because tls.so would be loaded in the sandbox, which cannot open
# these files.  The files of the programs exist before the tests, so that a
# program that another user runs can write to them.  A test that fails does not end the run: with a limit of the data
# segment, which constraints_test sets, the counters cannot be mapped.

# The directories in which the tests must execute COVERAGE % of the lines.
COVERED	 = smtp mail mime queue submit runner
COVERAGE = 92
PROFILES = $(abspath $(B)/coverage/profiles)
PROFILED = $(PARALLEL) B=$(B)/coverage CC=clang TLS=linked HARDENING= \
	   CFLAGS="-O1 -g -fprofile-instr-generate=$(PROFILES)/%c%m.profraw \
	   -fcoverage-mapping -mllvm -runtime-counter-relocation \
	   -Wno-unused-command-line-argument"
# install_test needs tls.so.
COUNTED	 = $(filter-out %/install_test,$(TESTS_quick))

coverage:
	mkdir -p $(PROFILES)
	$(PROFILED) tests
	rm -f $(PROFILES)/*
	for name in sendmail relais relais-token; do \
	    $(B)/coverage/$$name --version >/dev/null 2>&1 || :; done
	chmod 666 $(PROFILES)/*
	-$(RUN_TESTS) $(COUNTED:$(B)/%=$(B)/coverage/%)
	tests/static/coverage.sh $(B)/coverage $(COVERAGE) $(COVERED)

.PHONY: coverage
