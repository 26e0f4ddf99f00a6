# Fuzz targets, included by the Makefile: tests/fuzz/NAME_fuzz.c is a program
# that tests a property with random inputs for FUZZ_SECONDS.  FUZZ_OPTIONS are
# those of libFuzzer: in a new build directory, -seed=1 repeats the same inputs.

FUZZ	= $(patsubst %.c,$(B)/%,$(filter-out $(if $(TOKEN),,%/answer_fuzz.c \
	  %/renew_fuzz.c),$(wildcard tests/fuzz/*_fuzz.c)))
FUZZ_SECONDS = 10

# Directories of which the targets need only a few files are not in LAYERS.
fuzz:
	$(MAKE) --no-print-directory B=$(B)/fuzz CC=clang HARDENING= \
	    CFLAGS="$(CHECKED) -fsanitize=fuzzer-no-link" \
	    LAYERS="token import smtpd submit relay config queue smtp mime mail \
	    net util" $(FUZZ:$(B)/%=$(B)/fuzz/%.run)

$(FUZZ): TEST_LIBS = -fsanitize=fuzzer $(TLS_LIBS) $(BSD_LIBS)

# Files of these directories that single targets need.
$(B)/tests/fuzz/answer_fuzz: $(B)/src/token/answer.o
$(B)/tests/fuzz/answer_fuzz: TEST_LIBS += -ljansson
$(B)/tests/fuzz/attempt_fuzz: $(patsubst %,$(B)/src/serve/serve_%.o,attempt \
    outcomes)
$(B)/tests/fuzz/loopback_fuzz: $(B)/src/token/loopback.o
$(B)/tests/fuzz/renew_fuzz: $(patsubst %,$(B)/src/token/%.o,answer assertion \
    base64url client confine exchange http remedy renew store)
$(B)/tests/fuzz/renew_fuzz: TEST_LIBS += -ljansson
$(B)/tests/fuzz/sender_policy_fuzz: $(patsubst %,$(B)/src/%.o,check/check \
    check/held check/sender_policy setup/provider setup/table)
$(B)/tests/fuzz/options_fuzz: $(patsubst %,$(B)/src/cli/%.o,commands help_keys \
    input options output postqueue report)
$(B)/tests/fuzz/outcomes_fuzz: $(B)/src/serve/serve_outcomes.o
$(B)/tests/fuzz/show_fuzz: $(patsubst %,$(B)/src/cli/%.o,collected entry_state \
    mailq output queue_json queue_show report)
$(B)/tests/fuzz/submit_fuzz: $(B)/src/cli/input.o
$(B)/tests/fuzz/supervisor_fuzz: $(patsubst %,$(B)/src/serve/serve_%.o,channel \
    clients pool users)
$(B)/tests/fuzz/table_fuzz: $(patsubst %,$(B)/src/setup/%.o,oauth_provider \
    provider table)

$(FUZZ:%=%.run): %.run: %
	tests/fuzz/run.sh $< $(FUZZ_SECONDS) $(FUZZ_OPTIONS)

.PHONY: fuzz
