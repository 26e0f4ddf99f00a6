# The service under runit and OpenRC, with Debian's packages of these programs.
# `make setup check-supervisors` unpacks them.

check-supervisors: all $(INSTALLED) $(DEMO)
	mkdir -p $(B)/tests/supervisors
	install -m 755 tests/supervisors/supervisors.sh $(B)/tests/supervisors
	$(RUN_TESTS) $(B)/tests/supervisors/supervisors.sh

.PHONY: check-supervisors
