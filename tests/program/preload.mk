# Objects that tests load into the program (LD_PRELOAD), included by test.mk.
# They are built without a sanitizer, whose runtime would come too late.

$(B)/tests/program/sandbox_test: | $(B)/tests/program/attacker.so
$(B)/tests/program/faults_test: | $(B)/tests/program/faulty.so
$(B)/tests/program/flush_test: | $(B)/tests/program/faulty.so
$(B)/tests/token/store_faults_test: | $(B)/tests/program/faulty.so
$(B)/tests/program/growth_test: | $(B)/tests/program/counting.so

$(B)/tests/program/attacker.so: tests/support/attack.c tests/support/attack.h
$(B)/tests/program/faulty.so: tests/support/fault.h
$(B)/tests/program/counting.so: tests/support/heap.h
$(B)/tests/program/%.so: tests/program/%.c
	$(SAY) LD $@
	$(CC) $(filter-out -fsanitize=% -fprofile% -fcoverage%,$(ALL_CFLAGS)) -Itests -fPIC -shared \
	    -DBUILD='"$(abspath $(B))"' -o $@ $(filter %.c,$^)

# Each call of each scenario fails; `make check` uses a sample.
check-faults: all $(B)/tests/program/faults_test \
    $(B)/tests/program/constraints_test $(B)/tests/token/store_faults_test
	FAULTS=all $(B)/tests/program/constraints_test
	FAULTS=all $(B)/tests/token/store_faults_test
	FAULTS=all $(B)/tests/program/faults_test
.PHONY: check-faults
