# The build with AddressSanitizer and UBSan, included by test.mk.

CHECKED	  = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	    -fno-omit-frame-pointer
# Without PIE, a program starts a fifth faster: it needs few relocations.
SANITIZE  = $(PARALLEL) B=$(B)/sanitize HARDENING= PIE=-no-pie \
	    CFLAGS="$(CHECKED)"

# A start takes ten times as long in this build.  Tests with one of these names
# run in the normal build only, because they
#  - let one system call after another fail, or kill the program before it;
#  - measure the program, or load a module that this build cannot load;
#  - repeat thousands of times what other tests and the fuzz targets do here.
ONCE	  = _crash_test /constraints_test /faults_test /growth_test /memory_test \
	    /unconfigured_test /static_test \
	    /service_load_test /limits_test /flight_test /slow_test \
	    /transaction_data_test /injection_test /harmless_test
SANITIZED = $(patsubst $(B)/%,$(B)/sanitize/%,\
	    $(filter-out $(addprefix %,$(ONCE)),$(TESTS)))

check-sanitize:
	$(SANITIZE) all $(SANITIZED)
	$(RUN_TESTS) $(SANITIZED)
.PHONY: check-sanitize
