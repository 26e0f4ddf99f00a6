# Measurements of speed and memory, included by the Makefile.
#
#	make check-budget	the limits for one message: instructions, system
#				calls, memory; the load does not matter
#	make setup-bench	unpacks the other programs in build/servers
#	make bench		compares relais with the other programs, and
#				writes build/bench.md and the chart
#				build/bench.svg
#	make bench BENCH="plain tls"	runs only these scenarios
#	make bench-readme	runs all, and replaces table and chart in
#				README.md
#	make soak		the service for as long as a busy day

BUDGET	= $(B)/tests/budget
BENCH	=
CHART	= tests/budget/bench.svg

$(BUDGET)/bench: $(patsubst %,$(BUDGET)/%.o,peers place report sink)
# The archives again, after the objects that need them.
$(BUDGET)/bench: TEST_LIBS = $(B)/tests/support.a $(B)/relais.a -lcmocka \
	    $(TLS_LIBS) $(BSD_LIBS) -lm

bench: all $(BUDGET)/bench
	$(BUDGET)/bench $(B)/bench.md $(B)/bench.svg $(BENCH)
	cat $(B)/bench.md

# Between the two marks of README.md.
bench-readme: bench
	cp $(B)/bench.svg $(CHART)
	{ echo '![Time, rate and memory of relais and other programs]($(CHART))'; \
	    echo; cat $(B)/bench.md; } >$(B)/bench-readme.md
	sed -e '/^<!-- bench -->/r $(B)/bench-readme.md' \
	    -e '/^<!-- bench -->/,/^<!-- end of bench -->/{/^<!-- /!d}' \
	    README.md >$(B)/README.md
	cat $(B)/README.md >README.md

setup-bench:
	tests/support/setup.sh bench

soak: all $(BUDGET)/soak
	$(BUDGET)/soak

.PHONY: bench bench-readme setup-bench soak
