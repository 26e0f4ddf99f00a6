# Tests, included by the Makefile.  tests/DIR/NAME_test.c is a program of its
# own; tests/DIR/NAME_test.sh is a script that finds the build under test by
# its own path.  All run in parallel, and run-tests.sh adds up.
# src/README.md describes the goals.

TESTS	  = $(patsubst %.c,$(B)/%,$(wildcard tests/*/*_test.c))
SCRIPTS	  = $(patsubst %.sh,$(B)/%,$(wildcard tests/*/*_test.sh))
DEMO	  = $(B)/tests/support/demo

# The tests of each kind, which `make check-KIND` builds and runs.
TESTS_unit	= $(filter $(LAYERS:%=$(B)/tests/%/%),$(TESTS))
TESTS_servers	= $(filter $(B)/tests/servers/%,$(SCRIPTS))
TESTS_callers	= $(filter $(B)/tests/callers/%,$(SCRIPTS))
TESTS_quick	= $(TESTS) $(filter-out $(TESTS_servers) $(TESTS_callers),\
		  $(SCRIPTS))
TESTS_budget	= $(B)/tests/program/flights_test $(BUDGET)/budget

TEST_LIBS = -lcmocka $(TLS_LIBS) $(BSD_LIBS)
RUN_TESTS = tests/support/run-tests.sh
PARALLEL  = $(MAKE) --no-print-directory -j$$(nproc)

# Test programs are compiled more often than they run.
$(B)/tests/%_test.o: OPTIMIZE = -O0
$(B)/tests/%_test.o: HARDENING =

$(B)/tests/%.o: tests/%.c
	$(SAY) CC $<
	$(COMPILE) -Itests -fPIE -DBUILD='"$(abspath $(B))"' \
	    -DTESTS='"$(abspath tests)"'

# The linker takes the objects that a test uses from these archives.
$(B)/tests/%: $(B)/tests/%.o $(B)/tests/support.a $(B)/relais.a \
    | $(B)/tests/relais
	$(SAY) LD $@
	$(LINK) $(PIE) $(TEST_LIBS)

# With this name, sendmail accepts -C: tests/support/program.h.
$(B)/tests/relais:
	mkdir -p $(@D)
	ln -sf ../sendmail $@

# With the files of net/ that use OpenSSL: the program loads them as tls.so.
$(B)/tests/support.a: $(patsubst %.c,$(B)/%.o,$(filter-out %_test.c %/demo.c,\
    $(wildcard tests/support/*.c))) $(OPENSSL:src/%.c=$(B)/module/%.o)

# GNU SASL is the peer of our own mechanisms, if it is installed.
$(B)/tests/program/gsasl_test: TEST_LIBS += \
	    $(shell pkg-config --libs libgsasl 2>/dev/null)
# The demonstration needs no package that only tests need.
$(DEMO): TEST_LIBS = $(TLS_LIBS) $(BSD_LIBS)

include tests/program/preload.mk
include tests/sanitize.mk

$(SCRIPTS): $(B)/%: %.sh | $(B)/tests/relais
	mkdir -p $(@D)
	install -m 755 $< $@

tests: all $(INSTALLED) $(DEMO) $(TESTS) $(SCRIPTS) $(BUDGET)/budget

demo: all $(DEMO)
	tests/support/demo.sh $(B)

# These wait for a minute: at the end, they would run alone.
LONG		= %/faults_test %/login_test %/early_crash_test
# All tests of make check.
CHECKED_TESTS	= $(TESTS_servers) $(TESTS_callers) $(TESTS_packages) \
		  $(BUDGET)/budget $(SANITIZED) $(TESTS_quick)

check: check-headers
	$(PARALLEL) tests tested-packages
	$(SANITIZE) all $(SANITIZED)
	good=:; $(PARALLEL) checked-static && \
	    $(PARALLEL) -k fuzz FUZZ_OPTIONS='-seed=1 -runs=2000' || \
	    good='! echo a static check or a fuzz target has failed, above'; \
	$(RUN_TESTS) $(filter $(LONG),$(CHECKED_TESTS)) \
	    $(filter-out $(LONG),$(CHECKED_TESTS)) && eval "$$good"

check-quick check-callers check-servers check-budget: check-headers
check-unit check-quick check-callers check-servers check-budget: check-%:
	$(PARALLEL) all $(INSTALLED) $(DEMO) $(TESTS_$*)
	$(RUN_TESTS) $(TESTS_$*)

.PHONY: tests demo check check-unit check-quick check-callers check-servers \
    check-budget
