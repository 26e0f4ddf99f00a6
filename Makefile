# relais: build, test, install.  README.md shows how to begin.
#
#	make setup	installs what this machine lacks for the tests, or, as
#			`make setup demo` or `make setup all`, for the build
#	make		builds build/sendmail, its other names, build/tls.so
#	make demo	sends a message to a smarthost of our own and shows it
#	make check	runs every test; tests/test.mk lists its parts
#	make install	DESTDIR= PREFIX= SYSCONFDIR=; make uninstall
#
# V=1 prints the commands.

VERSION		= 0.2
PREFIX		= /usr/local
SYSCONFDIR	= /etc
SBINDIR		= $(PREFIX)/sbin
BINDIR		= $(PREFIX)/bin
LIBDIR		= $(PREFIX)/lib/relais
MANDIR		= $(PREFIX)/share/man
EXAMPLEDIR	= $(PREFIX)/share/relais

# The directory for the objects: another one for another kind of build.
B		= build
# "linked" puts OpenSSL into the program itself, for static builds.
TLS		= module

CFLAGS		= -O2 -g
WARNINGS	= -Wall -Wextra -Wpedantic -Wshadow -Wformat=2 \
		  -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
HARDENING	= -fstack-protector-strong -fstack-clash-protection \
		  -D_FORTIFY_SOURCE=2
LINK_HARDENING	= -Wl,-z,relro,-z,now
# libbsd-overlay makes the source a BSD's own; on a BSD both are empty.
# Expanded when first used: `make setup all` has installed libbsd by then.
BSD_CFLAGS	= $(eval BSD_CFLAGS := \
		  $(shell pkg-config --cflags libbsd-overlay))$(BSD_CFLAGS)
BSD_SHARED	= $(eval BSD_SHARED := \
		  $(shell pkg-config --libs libbsd-overlay))$(BSD_SHARED)
# The few functions that libc lacks come from libbsd's archive if there is
# one: mapping the shared library would take a third of the instructions of a
# start (make check-budget).  BSD=shared maps it, as distributions prefer.
# libc comes first: functions that both have are found there at less cost.
BSD	= $(if $(filter /%,\
	  $(shell $(CC) -print-file-name=libbsd.a)),archive,shared)
BSD_LIBS_archive = -lc -l:libbsd.a -l:libmd.a
BSD_LIBS_shared	= -lc $(BSD_SHARED)
BSD_LIBS	= $(eval BSD_LIBS := \
		  $(if $(BSD_SHARED),$(BSD_LIBS_$(BSD))))$(BSD_LIBS)
TLS_LIBS	= -lssl -lcrypto

ALL_CFLAGS	= -std=c11 -D_GNU_SOURCE -Isrc $(BSD_CFLAGS) $(WARNINGS) \
		  $(HARDENING) $(CFLAGS) -DVERSION='"$(VERSION)"'

# A line for each file, unless V=1 shows the commands.
ifeq ($(V),1)
SAY	= mkdir -p $(@D); :
else
SAY	= mkdir -p $(@D); printf '%-4s %s\n'
.SILENT:
endif
COMPILE	= $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
ARCHIVE	= rm -f $@; ar qcs $@ $(filter %.o,$^)
LINK	= $(CC) $(CFLAGS) $(LDFLAGS) $(LINK_HARDENING) -Wl,--as-needed -o $@ $+

# The directories of src, from top to bottom: includes only point down, and
# so do the archives on a linker's command line.
LAYERS	= cli serve smtpd runner submit relay config queue smtp mime mail net \
	  util
archives_of = $(patsubst src/%/,$(B)/lib/%.a,$(wildcard $(1:%=src/%/)))
ARCHIVES = $(call archives_of,$(LAYERS))

# net/ has all that uses OpenSSL, for the module or for the program.
OPENSSL	= $(filter-out src/net/tls_load.c src/net/tls_linked.c,\
	  $(wildcard src/net/tls*.c))
LEFT_OUT_module = $(OPENSSL) src/net/tls_linked.c
LEFT_OUT_linked = src/net/tls_load.c
objects_of = $(patsubst %.c,$(B)/%.o,$(filter-out $(LEFT_OUT_$(TLS)),\
	  $(wildcard src/$1/*.c)))

# tls.so also needs these, compiled as PIC.
MODULE	= $(OPENSSL) $(wildcard $(patsubst %,src/util/%.c,base64 buffer \
	  failure memory text trusted visible))
MODULE_module = $(B)/tls.so
PROGRAM_LIBS_linked = $(TLS_LIBS)
PROGRAM_LIBS = $(PROGRAM_LIBS_$(TLS)) $(BSD_LIBS)
NAMES	= relais send-mail mailq newaliases

all: $(B)/sendmail $(NAMES:%=$(B)/%) $(MODULE_$(TLS))

$(B)/sendmail: $(B)/src/main.o $(ARCHIVES)
	$(SAY) LD $@
	$(LINK) -pie $(PROGRAM_LIBS)

$(NAMES:%=$(B)/%): $(B)/sendmail
	ln -sf sendmail $@

.SECONDEXPANSION:
$(B)/lib/%.a: $$(call objects_of,$$*) Makefile
	$(SAY) AR $@
	$(ARCHIVE)

$(B)/tls.so: $(MODULE:src/%.c=$(B)/module/%.o)
	$(SAY) LD $@
	$(LINK) -shared -Wl,-z,defs $(TLS_LIBS) $(BSD_LIBS)

$(B)/src/%.o: src/%.c
	$(SAY) CC $<
	$(COMPILE) -fPIE

$(B)/module/%.o: src/%.c
	$(SAY) CC "$< (tls.so)"
	$(COMPILE) -fPIC -fvisibility=hidden

$(B)/src/cli/version.o: Makefile

# The build finds its own module; the installed program the installed one.
$(B)/src/net/tls_load.o: ALL_CFLAGS += -DTLS_MODULE='"$(abspath $(B))/tls.so"'
$(B)/src/config/%.o $(B)/tests/config/%.o: \
    ALL_CFLAGS += -DSYSCONFDIR='"$(SYSCONFDIR)"'

$(B)/installed/tls_load.o: src/net/tls_load.c $(B)/libdir
	$(SAY) CC "$< (installed)"
	$(COMPILE) -fPIE -DTLS_MODULE='"$(LIBDIR)/tls.so"'

# An object on the command line is taken before the archive's.
INSTALLED_LOADER_module = $(B)/installed/tls_load.o

$(B)/installed/sendmail: $(B)/src/main.o $(INSTALLED_LOADER_$(TLS)) $(ARCHIVES)
	$(SAY) LD $@
	$(LINK) -pie $(PROGRAM_LIBS)

# Objects with a directory compiled in are compiled again when it changes.
$(patsubst %.c,$(B)/%.o,$(wildcard src/config/*.c)): $(B)/sysconfdir
$(B)/libdir: DIRECTORY = $(LIBDIR)
$(B)/sysconfdir: DIRECTORY = $(SYSCONFDIR)

$(B)/libdir $(B)/sysconfdir: FORCE
	mkdir -p $(@D)
	echo '$(DIRECTORY)' | cmp -s - $@ || echo '$(DIRECTORY)' >$@

FORCE:

include tests/test.mk

# relais.conf itself is the administrator's: only an example is installed.
IN	= $(DESTDIR)
INSTALLED = $(SBINDIR)/sendmail $(SBINDIR)/relais $(BINDIR)/mailq \
	  $(BINDIR)/newaliases $(PREFIX)/lib/sendmail $(LIBDIR)/tls.so \
	  $(EXAMPLEDIR)/relais.conf.example \
	  $(foreach n,1 5 8,$(patsubst man/%,$(MANDIR)/man$n/%,$(wildcard man/*.$n)))

install: all $(B)/installed/sendmail
	install -d $(sort $(dir $(INSTALLED:%=$(IN)%)))
	install -m 755 $(B)/installed/sendmail $(IN)$(SBINDIR)/sendmail
	$(if $(MODULE_$(TLS)),install -m 644 $(B)/tls.so $(IN)$(LIBDIR)/tls.so)
	ln -sf sendmail $(IN)$(SBINDIR)/relais
	for name in $(BINDIR)/mailq $(BINDIR)/newaliases $(PREFIX)/lib/sendmail; \
	    do ln -sf $(SBINDIR)/sendmail $(IN)$$name; done
	for n in 1 5 8; do install -m 644 man/*.$$n $(IN)$(MANDIR)/man$$n; done
	install -m 644 conf/relais.conf $(IN)$(EXAMPLEDIR)/relais.conf.example

uninstall:
	rm -f $(INSTALLED:%=$(IN)%)
	rmdir $(IN)$(LIBDIR) $(IN)$(EXAMPLEDIR) 2>/dev/null || :

# Alone or with a goal that runs tests, setup installs what they need, too.
# The goals named together with setup wait for it.
setup:
	tests/support/setup.sh $(if $(filter-out setup all demo install,\
	    $(or $(filter-out setup,$(MAKECMDGOALS)),check)),tests,build)

ifneq ($(filter setup,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

clean:
	rm -rf $(B)

.PHONY: all setup install uninstall clean FORCE
.SECONDARY:
-include $(shell find $(B) -path $(B)/servers -prune -o -name '*.d' -print \
    2>/dev/null)
