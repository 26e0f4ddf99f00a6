# Fuzz targets, included by the Makefile: tests/fuzz/NAME_fuzz.c is a program
# that tries its property with random inputs for FUZZ_SECONDS.

FUZZ	= $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_SECONDS = 10

# Without the directories that no target needs.
fuzz:
	$(MAKE) --no-print-directory B=$(B)/fuzz CC=clang HARDENING= \
	    CFLAGS="$(CHECKED) -fsanitize=fuzzer-no-link" \
	    LAYERS="token import smtpd submit relay config queue smtp mime mail \
	    net util" $(FUZZ:$(B)/%=$(B)/fuzz/%.run)

$(FUZZ): TEST_LIBS = -fsanitize=fuzzer $(TLS_LIBS) $(BSD_LIBS)

$(FUZZ:%=%.run): %.run: %
	tests/fuzz/run.sh $< $(FUZZ_SECONDS)

.PHONY: fuzz
