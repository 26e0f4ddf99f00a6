# relais: build, test, install.  README.md shows how to begin.
#
#	make setup demo	first installs the packages that a goal needs
#	make		builds build/sendmail, its other names, build/tls.so
#	make demo	sends a message to a smarthost of our own and shows it
#	make check	runs every test; src/README.md lists its parts
#	make install	DESTDIR= PREFIX= SYSCONFDIR= WITH=; make uninstall
#	make html dist static deb	manuals and packages: conf/package.mk

VERSION		= 0.2
PREFIX		= /usr/local
SYSCONFDIR	= /etc
LIBDIR		= $(PREFIX)/lib/relais
DATADIR		= $(PREFIX)/share/relais

# The directory for the objects: another one for another kind of build.
B		= build
# "linked" puts OpenSSL into the program itself, for static builds.
TLS		= module
# "-static-pie" makes a program without shared libraries (make static), in which
# NAME_static.c replaces NAME.c.
PIE		= -pie

# -O2 is for the directories that handle each octet of a message: elsewhere, a
# small program is better, because what it maps counts more than its speed.
# Without the unwind tables, which C does not need (-g has its own), 65 KiB
# less are mapped.
OPTIMIZE	= -Os
CFLAGS		= $(OPTIMIZE) -g -fno-asynchronous-unwind-tables
WARNINGS	= -Wall -Wextra -Wpedantic -Wshadow -Wformat=2 \
		  -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
HARDENING	= -fstack-protector-strong -fstack-clash-protection \
		  -D_FORTIFY_SOURCE=2
LINK_HARDENING	= -Wl,-z,relro,-z,now
# libbsd has functions that only a BSD has in libc; on a BSD, set both to
# nothing.  The archive is preferred, because mapping the shared library would
# take a third of the instructions of a start (make check-budget).  libc comes
# first: functions that both have cost less in libc.
BSD_CFLAGS	= `pkg-config --cflags libbsd-overlay`
BSD_LIBS	= -lc $(if $(filter /%,$(shell $(CC) -print-file-name=libbsd.a)),\
		  -l:libbsd.a -l:libmd.a,`pkg-config --libs libbsd-overlay` -lmd)
TLS_LIBS	= -lssl -lcrypto
# relais-token is part of "all" if its libraries are installed; `make token`
# requires them, and `make TOKEN=` leaves it out.
TOKEN_LIBS	= -lcurl -ljansson -lcrypto
TOKEN		:= $(shell pkg-config --exists libcurl jansson && \
		   echo $(B)/relais-token)
# Large files, and times after 2038, on 32-bit machines.
LARGE	= -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64

ALL_CFLAGS	= -std=c11 -D_GNU_SOURCE $(LARGE) -Isrc $(BSD_CFLAGS) \
		  $(WARNINGS) $(HARDENING) $(CFLAGS) -DVERSION='"$(VERSION)"' \
		  -DSYSCONFDIR='"$(SYSCONFDIR)"'

# A line for each file, unless V=1 shows the commands.
SAY	= mkdir -p $(@D); $(if $(filter 1,$(V)),:,printf '%-4s %s\n')
$(if $(filter 1,$(V)),,.SILENT:)
COMPILE	= $(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
# -Wl,-O1 makes a better hash table: a start takes 8,000 instructions fewer.
LINK	= $(CC) $(CFLAGS) $(LDFLAGS) $(LINK_HARDENING) -Wl,-O1,--as-needed \
	  -o $@ $(filter %.o,$^) $(filter %.a,$^)

# The directories of src, from top to bottom: includes only point down.
LAYERS	= token cli check setup import serve smtpd runner submit relay config \
	  queue smtp mime mail net util

# net/ has all files that use OpenSSL, for tls.so or for the program.
OPENSSL	= $(filter-out %/tls_load.c %/tls_linked.c,$(wildcard src/net/tls*.c))
MODULE	= $(if $(filter module,$(TLS)),$(B)/tls.so)
STATIC	= $(wildcard src/*/*_static.c)
LEFT_OUT = $(filter-out %/redirect.c,$(wildcard src/token/*.c)) \
	  src/cli/execute_relais.c \
	  $(if $(MODULE),src/net/tls_linked.c $(OPENSSL),src/net/tls_load.c) \
	  $(if $(filter -static-pie,$(PIE)),$(STATIC:_static.c=.c),$(STATIC))
OBJECTS	= $(patsubst %.c,$(B)/%.o,$(filter-out $(LEFT_OUT),\
	  $(wildcard $(LAYERS:%=src/%/*.c))))
TOKEN_OBJECTS = $(patsubst %.c,$(B)/%.o,$(filter-out %/main.c,\
	  $(wildcard src/token/*.c)))
# tls.so also needs these files of util, compiled as PIC.
MODULE_OBJECTS = $(patsubst src/%.c,$(B)/module/%.o,$(OPENSSL) $(wildcard \
	  $(patsubst %,src/util/%.c,base64 buffer failure memory text trusted \
	  visible)))
# The files that sending a message needs come first, so that less of the program
# is mapped: the linker takes the others from the second archive.
FIRST	= $(filter $(addprefix $(B)/src/,$(patsubst %,cli/%.o,cli input options \
	  pass_through report send) submit/%.o relay/%.o config/%.o queue/%.o \
	  smtp/%.o mime/%.o mail/%.o net/%.o util/%.o),$(OBJECTS))
# The names of sendmail, which is also relais if it does not load tls.so.
NAMES	= send-mail mailq newaliases postqueue $(if $(MODULE),,relais)

all: $(B)/sendmail $(B)/relais $(NAMES:%=$(B)/%) $(MODULE) $(TOKEN)
token: $(B)/relais-token

$(B)/relais.a: $(OBJECTS)
$(B)/first.a: $(FIRST)
$(B)/token.a: $(TOKEN_OBJECTS)
$(B)/%.a:
	$(SAY) AR $@
	rm -f $@; ar qcs $@ $(filter %.o,$^)

# The programs differ only in objects that precede the archives: sendmail in
# execute_relais.o (src/cli/command_action.h), the installed programs in
# $(B)/installed/installed.o (conf/package.mk).
PROGRAMS = $(foreach d,$(B) $(B)/installed,$d/sendmail \
	  $(MODULE:%/tls.so=$d/relais))
INSTALLED = $(filter $(B)/installed/%,$(PROGRAMS))
TOKEN_PROGRAMS = $(B)/relais-token $(B)/installed/relais-token
$(PROGRAMS): $(B)/src/main.o $(filter %/name_service_static.o,$(OBJECTS)) \
    $(B)/first.a $(B)/relais.a
$(filter %/sendmail,$(PROGRAMS)): $(MODULE:%/tls.so=%/src/cli/execute_relais.o)
$(PROGRAMS): LIBS = $(if $(MODULE),,$(TLS_LIBS)) $(BSD_LIBS)
$(TOKEN_PROGRAMS): $(B)/src/token/main.o $(B)/token.a $(B)/relais.a
$(TOKEN_PROGRAMS): LIBS = $(TOKEN_LIBS) $(BSD_LIBS)
$(PROGRAMS) $(TOKEN_PROGRAMS):
	$(SAY) LD $@
	rm -f $@	# may be a link of an earlier version: not to write to it
	$(LINK) $(PIE) $(LIBS)

$(NAMES:%=$(B)/%): $(B)/sendmail
	ln -sf sendmail $@

$(B)/tls.so: $(MODULE_OBJECTS)
	$(SAY) LD $@
	$(LINK) -shared -Wl,-z,defs $(TLS_LIBS) $(BSD_LIBS)

$(filter $(foreach d,mime mail net util,$(B)/src/$d/%),$(OBJECTS)) \
    $(MODULE_OBJECTS): OPTIMIZE = -O2

$(B)/src/%.o: src/%.c
	$(SAY) CC $<
	$(COMPILE) -fPIE

$(B)/module/%.o: src/%.c
	$(SAY) CC "$< (tls.so)"
	$(COMPILE) -fPIC -fvisibility=hidden

# These contain settings, and are compiled again if the settings change.
$(B)/src/cli/version.o $(B)/src/cli/queue_metrics.o $(B)/src/check/service.o \
    $(B)/src/config/load.o $(B)/src/serve/serve_session.o \
    $(B)/src/token/http.o $(B)/tests/config/config_test.o \
    $(B)/tests/program/setup_test.o $(B)/installed/installed.o: $(B)/settings
SETTINGS = $(VERSION) $(SYSCONFDIR) $(LIBDIR) $(DATADIR) $(SBINDIR)
$(B)/settings: FORCE
	mkdir -p $(@D)
	echo '$(SETTINGS)' | cmp -s - $@ || echo '$(SETTINGS)' >$@
FORCE:

include tests/budget/bench.mk
include tests/test.mk
include tests/fuzz/fuzz.mk
include tests/static/static.mk
include tests/static/coverage.mk
include tests/compilers/compilers.mk
include tests/supervisors/supervisors.mk
include tests/outside/outside.mk
include conf/package.mk

# The goals named together with setup wait for it.
setup:
	tests/support/setup.sh $(MAKECMDGOALS)
$(if $(filter setup,$(MAKECMDGOALS)),.NOTPARALLEL:)

clean:
	rm -rf $(B)

.PHONY: all token setup clean FORCE
.SECONDARY:
-include $(shell find $(B) -path $(B)/servers -prune -o -type f -name '*.d' -print \
    2>/dev/null)
