# Tests, included by the Makefile.  tests/DIR/NAME_test.c is a program of its
# own; tests/DIR/NAME_test.sh is a script that finds the build under test by
# its own path.  All run in parallel, and run-tests.sh adds up.
#
#	make check		everything below but bench
#	make check-unit		one module at a time: seconds
#	make check-quick	this build, without real servers
#	make check-sanitize	the same under AddressSanitizer and UBSan
#	make check-servers	against Postfix, Exim and Dovecot
#	make check-callers	called by PHP, cron, mail, git and others
#	make check-budget	the cost of one message
#	make check-headers	includes point down, headers compile alone
#	make fuzz		each fuzz target for FUZZ_SECONDS=10
#	make bench		speed with large messages and long queues

TEST_MAINS   = $(wildcard tests/support/*_test.c) tests/support/demo.c
TEST_SUPPORT = $(patsubst %.c,$(B)/%.o,$(filter-out $(TEST_MAINS),\
	       $(wildcard tests/support/*.c)))
TEST_SCRIPTS = $(patsubst %.sh,$(B)/%,$(wildcard tests/*/*_test.sh))
SERVER_TESTS = $(filter $(B)/tests/servers/%,$(TEST_SCRIPTS))
CALLER_TESTS = $(filter $(B)/tests/callers/%,$(TEST_SCRIPTS))
OTHER_TESTS  = $(filter-out $(SERVER_TESTS) $(CALLER_TESTS),$(TEST_SCRIPTS))
TESTS	  = $(patsubst %.c,$(B)/%,$(wildcard tests/*/*_test.c))
UNIT_TESTS = $(filter $(LAYERS:%=$(B)/tests/%/%),$(TESTS))
SANITIZED = $(TESTS:$(B)/%=$(B)/sanitize/%)
FUZZ	  = $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
BUDGET	  = $(B)/tests/budget
HEADERS	  = $(wildcard src/*/*.h tests/support/*.h)
TEST_LIBS = -lcmocka $(TLS_LIBS) $(BSD_LIBS)
RUN_TESTS = tests/support/run-tests.sh
PARALLEL  = $(MAKE) --no-print-directory -j$$(nproc)

$(B)/tests/%.o: tests/%.c
	$(SAY) CC $<
	$(COMPILE) -Itests -fPIE -DBUILD='"$(abspath $(B))"'

# A test takes what it needs of tests/support and of the inside of the module.
$(B)/lib/support.a: $(TEST_SUPPORT)
	$(SAY) AR $@
	$(ARCHIVE)

$(B)/lib/tls.a: $(OPENSSL:src/%.c=$(B)/module/%.o)
	$(SAY) AR $@
	$(ARCHIVE)

# A unit test links its module and those below it; other tests link all.
layers_from = $(if $(filter $1,$(LAYERS)),$(shell echo $(LAYERS) | \
	      sed 's/^.*\<$1\>/$1/'),$(LAYERS))
$(B)/tests/%: $(B)/tests/%.o $(B)/lib/support.a \
    $$(call archives_of,$$(call layers_from,$$(firstword $$(subst /, ,$$*)))) \
    $(B)/lib/tls.a $(B)/lib/net.a $(B)/lib/util.a
	$(SAY) LD $@
	$(LINK) -pie $(TEST_LIBS)

# GNU SASL, if it is there, is the other side of ours.
$(B)/tests/program/gsasl_test: TEST_LIBS += \
	    $(shell pkg-config --libs libgsasl 2>/dev/null)
# The demonstration needs no package that only tests need.
$(B)/tests/support/demo: TEST_LIBS = $(TLS_LIBS) $(BSD_LIBS)

# An attacker that the program loads: a sanitizer's runtime would come too late.
$(B)/tests/program/sandbox_test: | $(B)/tests/program/attacker.so
$(B)/tests/program/attacker.so: tests/program/attacker.c \
    tests/support/attack.c tests/support/attack.h
	$(SAY) LD $@
	$(CC) $(filter-out -fsanitize=%,$(ALL_CFLAGS)) -Itests -fPIC -shared \
	    -o $@ $(filter %.c,$^)

$(TEST_SCRIPTS): $(B)/%: %.sh
	mkdir -p $(@D)
	install -m 755 $< $@

tests: all $(B)/installed/sendmail $(B)/tests/support/demo $(TESTS) \
    $(TEST_SCRIPTS) $(BUDGET)/budget

demo: all $(B)/tests/support/demo
	tests/support/demo.sh $(B)

check: check-headers
	$(PARALLEL) tests
	$(SANITIZE) tests
	$(PARALLEL) fuzz FUZZ_SECONDS=3
	$(RUN_TESTS) $(SERVER_TESTS) $(CALLER_TESTS) $(BUDGET)/budget \
	    $(SANITIZED) $(OTHER_TESTS) $(TESTS)

# The tests of one kind, which `check-KIND` builds and runs.
TESTS_unit	= $(UNIT_TESTS)
TESTS_quick	= $(OTHER_TESTS) $(TESTS)
TESTS_callers	= $(CALLER_TESTS)
TESTS_servers	= $(SERVER_TESTS)
TESTS_budget	= $(B)/tests/program/flights_test $(BUDGET)/budget

check-unit:
	$(PARALLEL) $(TESTS_unit)
	$(RUN_TESTS) $(TESTS_unit)

check-quick check-callers check-servers check-budget: check-%: check-headers
	$(PARALLEL) tests
	$(RUN_TESTS) $(TESTS_$*)

# The same build with every access to memory checked.
SANITIZE  = $(PARALLEL) B=$(B)/sanitize HARDENING= CFLAGS="-O1 -g \
	    -fsanitize=address,undefined -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer"

check-sanitize:
	$(SANITIZE) tests
	$(RUN_TESTS) $(SANITIZED)

bench: all $(BUDGET)/bench $(BUDGET)/queue_bench
	$(BUDGET)/bench
	$(BUDGET)/queue_bench

check-headers:
	tests/support/includes.sh $(LAYERS)
	$(PARALLEL) $(HEADERS:%=$(B)/headers/%.ok)

$(B)/headers/%.h.ok: %.h
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -MF $(@:.ok=.d) -MT $@ \
	    -fsyntax-only -x c $<
	touch $@

# Fuzz targets: tests/fuzz/NAME_fuzz.c, seeds in tests/fuzz/corpus/NAME.  The
# inputs that a run finds stay in the build directory for the next one.
FUZZ_SECONDS = 10

fuzz:
	$(MAKE) --no-print-directory B=$(B)/fuzz CC=clang HARDENING= \
	    CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	    -fno-sanitize-recover=all -fno-omit-frame-pointer" \
	    $(FUZZ:$(B)/%=$(B)/fuzz/%.run)

$(FUZZ): TEST_LIBS = -fsanitize=fuzzer $(TLS_LIBS) $(BSD_LIBS)

$(B)/tests/fuzz/%_fuzz.run: $(B)/tests/fuzz/%_fuzz
	mkdir -p $(@D)/corpus/$*
	$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 \
	    -print_final_stats=1 -artifact_prefix=$(@D)/$*- $(@D)/corpus/$* \
	    $(wildcard tests/fuzz/corpus/$*) >$(@D)/$*.log 2>&1 || \
	    { tail -n 100 $(@D)/$*.log; exit 1; }
	echo "$*: `grep number_of_executed $(@D)/$*.log`"

.PHONY: tests demo check check-unit check-quick check-sanitize check-callers \
    check-servers check-budget check-headers bench fuzz
