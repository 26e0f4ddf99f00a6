# relais with other programs, included by the Makefile.
#
#	make setup-outside	unpacks the programs in build/servers/outside
#	make check-outside	Sisimai and flufl.bounce read the bounces,
#				check_mailq the queue; smtp-sink misbehaves as
#				the smarthost; smtp-source loads the service;
#				mailutils, Mutt and Python decode messages;
#				Haraka receives messages; takes a minute and a
#				half of CPU time

OUTSIDE	= $(patsubst %,$(B)/tests/outside/%.sh,bounces check_mailq \
	  decode haraka smtp_sink smtp_source)

check-outside: all
	mkdir -p $(B)/tests/outside
	install -m 755 $(OUTSIDE:$(B)/%=%) $(B)/tests/outside
	$(RUN_TESTS) $(OUTSIDE)

# Haraka is not in Debian.
setup-outside:
	tests/support/setup.sh outside
	! command -v npm >/dev/null || npm install --silent --no-audit \
	    --no-fund --ignore-scripts --omit=dev --omit=optional \
	    --prefix build/servers/haraka Haraka@3.1.7

.PHONY: check-outside setup-outside
