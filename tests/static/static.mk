# Static checks, included by the Makefile.  `make setup check-static` installs
# the tools.  .clang-tidy and .shellcheckrc say which checks are off, and why.

# The directories without findings of clang-tidy.
TIDY	= $(patsubst %,$(B)/tidy/%.ok,$(wildcard $(patsubst %,src/%/*.c,mail)))

check-static: check-headers
	tests/static/shellcheck.sh
	$(PARALLEL) $(TIDY)

$(B)/tidy/%.c.ok: %.c .clang-tidy
	$(SAY) TIDY $<
	$(CC) $(ALL_CFLAGS) -MM -MP -MF $(@:.ok=.d) -MT $@ $<
	clang-tidy --quiet $< -- $(ALL_CFLAGS) 2>/dev/null
	touch $@

# Includes point down, and each header compiles on its own.
check-headers:
	tests/support/includes.sh $(LAYERS)
	$(PARALLEL) $(patsubst %,$(B)/headers/%.ok,$(wildcard src/*/*.h \
	    tests/support/*.h))

$(B)/headers/%.h.ok: %.h
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -MF $(@:.ok=.d) -MT $@ \
	    -fsyntax-only -x c $<
	touch $@

.PHONY: check-static check-headers
