# Static checks, included by the Makefile.  `make setup check-static` installs
# the tools.  A file is checked again if it, one of its headers or the rules
# have changed.  The lists of rules that are off, and why, are .clang-tidy,
# .shellcheckrc, tests/static/cppcheck and ANALYZER below.

SCANNED	 = $(patsubst %.c,$(B)/static/%.ok,$(wildcard src/*.c src/*/*.c))
RULES	 = .clang-tidy tests/static/static.mk tests/static/model.h

check-static: check-headers check-shellcheck check-cppcheck
	$(PARALLEL) $(SCANNED)

# Part of make check.
checked-static:
	! tests/static/versions.sh || $(PARALLEL) check-static

# The analyzer of GCC 12 and clang-tidy.  Of the analyzer, these are off:
# - null-dereference, null-argument: they take a null pointer for possible if
#   the only reason is a comparison with NULL elsewhere, or a search whose key
#   exists; clang-tidy reports only those for which it finds a path.
# - double-free in util/memory.c: reallocarray() that fails frees nothing.
# clang-tidy examines 20,000 states of a function instead of 225,000, which
# takes a quarter of the time and has found the same.
ANALYZER = -fanalyzer -Wno-analyzer-null-dereference -Wno-analyzer-null-argument
STATES	 = -Xclang -analyzer-config -Xclang max-nodes=20000
$(SCANNED): CFLAGS = -O0
$(SCANNED): HARDENING =
$(SCANNED): WARNINGS =
$(SCANNED): MODEL = -include tests/static/model.h
$(B)/static/src/util/failure.ok: MODEL =
$(B)/static/src/util/installed.ok: ALL_CFLAGS += $(call PATHS,/,/)
$(B)/static/src/util/memory.ok: ANALYZER += -Wno-analyzer-double-free

$(B)/static/%.ok: %.c $(RULES)
	$(SAY) SCAN $<
	gcc $(ALL_CFLAGS) $(MODEL) $(ANALYZER) -Werror -MMD -MP -MF $(@:.ok=.d) \
	    -MT $@ -S -o /dev/null $<
	clang-tidy --quiet $< -- $(ALL_CFLAGS) $(MODEL) $(STATES)
	touch $@

# Keeps what it knows of each file in a directory.
check-cppcheck:
	mkdir -p $(B)/static/cppcheck
	cppcheck --quiet --std=c11 -D_GNU_SOURCE -Isrc -j$$(nproc) \
	    --enable=warning,performance,portability --inline-suppr \
	    --suppressions-list=tests/static/cppcheck --error-exitcode=1 \
	    --cppcheck-build-dir=$(B)/static/cppcheck src

check-shellcheck:
	mkdir -p $(B)/static
	tests/static/shellcheck.sh $(B)/static/shellcheck.ok

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

.PHONY: check-static checked-static check-cppcheck check-shellcheck check-headers
