# The source with other compilers, C libraries and word sizes.  Each kind is a
# build of its own in $(B)/compilers, without warnings.  `make setup
# check-compilers` installs and unpacks what the kinds need.

check-compilers:
	TEST_TIMEOUT=3600 $(RUN_TESTS) tests/compilers/this_machine.sh \
	    tests/compilers/32_bit.sh

# Conversions that change a value are often faults in these directories.
CONVERTING = net smtp mime queue
conversions: $(filter $(CONVERTING:%=$(B)/src/%/%),$(OBJECTS)) \
    $(OPENSSL:src/%.c=$(B)/module/%.o)

.PHONY: check-compilers conversions
