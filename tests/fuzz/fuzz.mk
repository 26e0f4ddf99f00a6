# Fuzz targets, included by the Makefile: tests/fuzz/NAME_fuzz.c is a program
# that tries its property with random inputs for FUZZ_SECONDS.

FUZZ	= $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_SECONDS = 10

fuzz:
	$(SANITIZE) $(FUZZ:$(B)/%=$(B)/sanitize/%.run)

$(FUZZ): TEST_LIBS = -fsanitize=fuzzer $(TLS_LIBS) $(BSD_LIBS)

$(FUZZ:%=%.run): %.run: %
	tests/fuzz/run.sh $< $(FUZZ_SECONDS)

.PHONY: fuzz
