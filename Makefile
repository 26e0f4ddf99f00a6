# relais: build, test, install.  README.md says how to begin.
#
#	make setup	install what is missing on this machine
#	make		build/sendmail and its other names, build/tls.so
#	make demo	send a message to a smarthost of our own, and show it
#	make check	every test; the parts of it:
#	make check-quick	this build, without real servers
#	make check-sanitize	the same under AddressSanitizer and UBSan
#	make check-servers	against Postfix, Exim and Dovecot
#	make check-callers	called by PHP, cron, mail, git and others
#	make check-budget	what one message may cost
#	make bench	how fast a large one goes, here and now
#	make fuzz	each fuzz target for FUZZ_SECONDS=10
#	make install	DESTDIR= PREFIX= SYSCONFDIR=; make uninstall

VERSION		= 0.1
PREFIX		= /usr/local
SYSCONFDIR	= /etc
SBINDIR		= $(PREFIX)/sbin
BINDIR		= $(PREFIX)/bin
LIBDIR		= $(PREFIX)/lib/relais
MANDIR		= $(PREFIX)/share/man
EXAMPLEDIR	= $(PREFIX)/share/relais

# Where the objects go: another folder for another kind of build.
B		= build
# "linked" puts OpenSSL into the program itself, for static builds.
TLS		= module

CFLAGS		= -O2 -g
WARNINGS	= -Wall -Wextra -Wpedantic -Wshadow -Wformat=2 \
		  -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
HARDENING	= -fstack-protector-strong -fstack-clash-protection \
		  -D_FORTIFY_SOURCE=2
LINK_HARDENING	= -Wl,-z,relro,-z,now
# libbsd-overlay: the source is a BSD's own; on a BSD this is empty.  Asked
# once, when first used: `make setup all` has installed it by then.
BSD_CFLAGS	= $(eval BSD_CFLAGS := \
		  $(shell pkg-config --cflags libbsd-overlay))$(BSD_CFLAGS)
BSD_SHARED	= $(eval BSD_SHARED := \
		  $(shell pkg-config --libs libbsd-overlay))$(BSD_SHARED)
# The few functions that libc lacks come out of libbsd's archive where there
# is one: mapping the library would take a third of all that a start costs.
# "make BSD=shared" links it as distributions like it.  libc first, either way:
# what both have is found there, which is cheaper.
BSD	= $(if $(filter /%,\
	  $(shell $(CC) -print-file-name=libbsd.a)),archive,shared)
BSD_LIBS_archive = -lc -l:libbsd.a -l:libmd.a
BSD_LIBS_shared	= -lc $(BSD_SHARED)
BSD_LIBS	= $(eval BSD_LIBS := \
		  $(if $(BSD_SHARED),$(BSD_LIBS_$(BSD))))$(BSD_LIBS)
TLS_LIBS	= -lssl -lcrypto

ALL_CFLAGS	= -std=c11 -D_GNU_SOURCE -Isrc $(BSD_CFLAGS) $(WARNINGS) \
		  $(HARDENING) $(CFLAGS) -DVERSION='"$(VERSION)"'
LINK		= $(CC) $(CFLAGS) $(LDFLAGS) $(LINK_HARDENING) -Wl,--as-needed

# What works with OpenSSL, in the module or in the program.
OPENSSL	= \
	  tls \
	  tls_broken \
	  tls_bundle \
	  tls_digest \
	  tls_library \
	  tls_own \
	  tls_pin \
	  tls_refusal \
	  tls_setting \
	  tls_trust \
	  tls_verify \
	  tls_wire
TLS_WAY_module	= tls_load
TLS_WAY_linked	= tls_linked $(OPENSSL)

UTIL	= \
	  base64 \
	  buffer \
	  clock \
	  failure \
	  file \
	  hex \
	  json \
	  log \
	  memory \
	  privilege \
	  sandbox \
	  trusted \
	  unicode_library \
	  utf8 \
	  visible
MAIL	= \
	  address \
	  aliases \
	  body_lines \
	  charset \
	  complete \
	  declared_charset \
	  domain \
	  dots \
	  dots_strict \
	  dsn \
	  encoded_word \
	  envelope \
	  field_form \
	  header \
	  local \
	  media_type \
	  message \
	  mime \
	  mime_header \
	  mime_read \
	  mime_walk \
	  phrase \
	  recipients \
	  recoder \
	  refold \
	  rewrite \
	  verdict \
	  wire
NET	= \
	  connect \
	  lookup \
	  sendfile \
	  stream \
	  $(TLS_WAY_$(TLS))
SMTP	= \
	  auth \
	  auth_choose \
	  auth_password \
	  auth_scram \
	  auth_token \
	  authenticate \
	  data \
	  dialogue \
	  handover \
	  judge \
	  paths \
	  reply \
	  saslprep \
	  scram \
	  secrets \
	  session \
	  transaction
QUEUE	= \
	  commit \
	  docket \
	  entry \
	  escape \
	  fields \
	  files \
	  health \
	  id \
	  retry \
	  spool \
	  usage
CONFIG	= \
	  check \
	  command \
	  command_process \
	  config \
	  credentials \
	  identity \
	  keys \
	  load \
	  parse \
	  section \
	  smarthost \
	  value
RELAY	= \
	  account \
	  deliver \
	  directory \
	  expand \
	  explain \
	  fields \
	  host \
	  notice \
	  prepare \
	  relay \
	  route \
	  runner \
	  security \
	  sender \
	  store \
	  work
SERVE	= \
	  answer \
	  command \
	  post \
	  receive \
	  session
CLI	= \
	  command \
	  configured \
	  flush \
	  input \
	  mailq \
	  options \
	  output \
	  print_config \
	  queue \
	  queue_health \
	  queue_show \
	  report \
	  sendmail \
	  smtp \
	  submit \
	  transcript \
	  version

LIB_NAMES = $(UTIL:%=util/%) $(MAIL:%=mail/%) $(NET:%=net/%) \
	    $(SMTP:%=smtp/%) $(QUEUE:%=queue/%) $(CONFIG:%=config/%) \
	    $(RELAY:%=relay/%) $(SERVE:%=serve/%) $(CLI:%=cli/%)
LIB_OBJS  = $(LIB_NAMES:%=$(B)/src/%.o)

# What tls.so needs besides libssl and libcrypto, built anew as PIC.
MODULE	  = $(OPENSSL:%=net/%) util/base64 util/buffer util/failure \
	    util/memory util/trusted util/utf8 util/visible
MODULE_OBJS = $(MODULE:%=$(B)/module/%.o)

NAMES	  = relais send-mail mailq newaliases

MODULE_module	= $(B)/tls.so
PROGRAM_LIBS_module	=
PROGRAM_LIBS_linked	= $(TLS_LIBS)
PROGRAM_LIBS	= $(PROGRAM_LIBS_$(TLS)) $(BSD_LIBS)

all: $(B)/sendmail $(NAMES:%=$(B)/%) $(MODULE_$(TLS))

$(B)/sendmail: $(B)/src/main.o $(B)/librelais.a
	$(LINK) -pie -o $@ $(B)/src/main.o $(B)/librelais.a $(PROGRAM_LIBS)

$(NAMES:%=$(B)/%): $(B)/sendmail
	ln -sf sendmail $@

$(B)/librelais.a: $(LIB_OBJS) Makefile
	rm -f $@
	ar qcs $@ $(LIB_OBJS)

$(B)/tls.so: $(MODULE_OBJS) Makefile
	$(LINK) -shared -Wl,-z,defs -o $@ $(MODULE_OBJS) $(TLS_LIBS) $(BSD_LIBS)

# For the tests of what is inside the module.
OPENSSL_OBJS = $(OPENSSL:%=$(B)/module/net/%.o)

$(B)/libtls.a: $(OPENSSL_OBJS) Makefile
	rm -f $@
	ar qcs $@ $(OPENSSL_OBJS)

$(B)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIE -MMD -MP -c -o $@ $<

$(B)/module/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

# The build finds its own module; what is installed finds the installed one.
$(B)/src/net/tls_load.o: ALL_CFLAGS += -DTLS_MODULE='"$(abspath $(B))/tls.so"'
$(B)/src/config/%.o $(B)/tests/config/%.o: ALL_CFLAGS += -DSYSCONFDIR='"$(SYSCONFDIR)"'

$(B)/installed/tls_load.o: src/net/tls_load.c $(B)/libdir
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DTLS_MODULE='"$(LIBDIR)/tls.so"' -fPIE -MMD -MP \
	    -c -o $@ $<

# An object on the command line is taken before the archive's.
INSTALLED_LOADER_module = $(B)/installed/tls_load.o

$(B)/installed/sendmail: $(B)/src/main.o $(INSTALLED_LOADER_$(TLS)) \
    $(B)/librelais.a
	@mkdir -p $(@D)
	$(LINK) -pie -o $@ $^ $(PROGRAM_LIBS)

# Objects that have a folder compiled in are made anew when it changes.
$(filter $(B)/src/config/%,$(LIB_OBJS)): $(B)/sysconfdir
$(B)/libdir: FOLDER = $(LIBDIR)
$(B)/sysconfdir: FOLDER = $(SYSCONFDIR)

$(B)/libdir $(B)/sysconfdir: FORCE
	@mkdir -p $(@D)
	@echo '$(FOLDER)' | cmp -s - $@ || echo '$(FOLDER)' >$@

FORCE:

# Tests: tests/DIR/NAME_test.c is a program of its own, tests/DIR/NAME_test.sh
# a script that finds the build under test beside itself.  All run in
# parallel; run-tests.sh adds up.
TEST_MAINS   = $(wildcard tests/support/*_test.c) tests/support/demo.c
TEST_SUPPORT = $(patsubst tests/%.c,$(B)/tests/%.o,\
	       $(filter-out $(TEST_MAINS),$(wildcard tests/support/*.c)))
TEST_SCRIPTS = $(patsubst tests/%.sh,$(B)/tests/%,$(wildcard tests/*/*_test.sh))
SERVER_TESTS = $(filter $(B)/tests/servers/%,$(TEST_SCRIPTS))
CALLER_TESTS = $(filter $(B)/tests/callers/%,$(TEST_SCRIPTS))
OTHER_TESTS  = $(filter-out $(SERVER_TESTS) $(CALLER_TESTS),$(TEST_SCRIPTS))
TESTS	  = $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/*/*_test.c))
SANITIZED = $(TESTS:$(B)/%=$(B)/sanitize/%)
TEST_LIBS = -lcmocka $(TLS_LIBS) $(BSD_LIBS)
RUN_TESTS = @tests/support/run-tests.sh

$(B)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -fPIE -DBUILD='"$(abspath $(B))"' -MMD -MP -c -o $@ $<

# Another's SASL, if it is there, to judge ours.
$(B)/tests/program/gsasl_test: TEST_LIBS += \
	    $(shell pkg-config --libs libgsasl 2>/dev/null)

# An attacker that the program loads; a sanitizer's runtime would come too late.
$(B)/tests/program/sandbox_test: $(B)/tests/program/attacker.so
$(B)/tests/program/attacker.so: tests/program/attacker.c \
    tests/support/attack.c tests/support/attack.h
	@mkdir -p $(@D)
	$(CC) $(filter-out -fsanitize=%,$(ALL_CFLAGS)) -Itests -fPIC -shared \
	    -o $@ $(filter %.c,$^)

TEST_ARCHIVES = $(B)/librelais.a $(B)/libtls.a $(B)/librelais.a

$(B)/tests/%_test: $(B)/tests/%_test.o $(TEST_SUPPORT) $(TEST_ARCHIVES)
	$(LINK) -pie -o $@ $< $(TEST_SUPPORT) $(TEST_ARCHIVES) $(TEST_LIBS)

$(TEST_SCRIPTS): $(B)/tests/%: tests/%.sh
	@mkdir -p $(@D)
	cp $< $@
	chmod 755 $@

# The smarthost that `make demo` shows.
$(B)/tests/support/smarthost-demo: $(B)/tests/support/demo.o $(TEST_SUPPORT) \
    $(TEST_ARCHIVES)
	$(LINK) -pie -o $@ $< $(TEST_SUPPORT) $(TEST_ARCHIVES) $(TEST_LIBS)

demo: all $(B)/tests/support/smarthost-demo
	@tests/support/demo.sh $(B)

tests: all $(B)/installed/sendmail $(B)/tests/support/smarthost-demo $(TESTS) \
    $(TEST_SCRIPTS)

# The same, with every read and write of memory checked.
SANITIZE  = $(MAKE) --no-print-directory B=$(B)/sanitize HARDENING= \
	    CFLAGS="-O1 -g -fsanitize=address,undefined \
	    -fno-sanitize-recover=all -fno-omit-frame-pointer"
PARALLEL  = $(MAKE) --no-print-directory -j$$(nproc)

check:
	@$(PARALLEL) tests $(BUDGET)/budget
	@$(SANITIZE) -j$$(nproc) tests
	@$(PARALLEL) fuzz FUZZ_SECONDS=3
	$(RUN_TESTS) $(SERVER_TESTS) $(CALLER_TESTS) $(BUDGET)/budget \
	    $(SANITIZED) $(OTHER_TESTS) $(TESTS)

check-quick:
	@$(PARALLEL) tests
	$(RUN_TESTS) $(OTHER_TESTS) $(TESTS)

# What a message costs, counted with valgrind and strace; how long one is on
# its way, on this machine at this moment.
BUDGET	  = $(B)/tests/budget
BUDGET_OBJS = $(BUDGET)/measure.o $(TEST_SUPPORT)

$(BUDGET)/%: $(BUDGET)/%.o $(BUDGET_OBJS) $(TEST_ARCHIVES)
	$(LINK) -pie -o $@ $< $(BUDGET_OBJS) $(TEST_ARCHIVES) $(TEST_LIBS)

check-budget: all $(BUDGET)/budget $(B)/tests/program/flights_test
	$(RUN_TESTS) $(B)/tests/program/flights_test $(BUDGET)/budget

bench: all $(BUDGET)/bench $(BUDGET)/queue_bench
	$(BUDGET)/bench
	$(BUDGET)/queue_bench

check-sanitize:
	@$(SANITIZE) -j$$(nproc) tests
	$(RUN_TESTS) $(SANITIZED)

check-callers:
	@$(PARALLEL) tests
	$(RUN_TESTS) $(CALLER_TESTS)

check-servers:
	@$(PARALLEL) tests
	$(RUN_TESTS) $(SERVER_TESTS)

setup:
	@tests/support/setup.sh

# relais.conf itself is the administrator's: only an example is installed.
MAN8	  = $(wildcard man/*.8)
MAN5	  = $(wildcard man/*.5)
MAN1	  = $(wildcard man/*.1)
IN	  = $(DESTDIR)

install: all $(B)/installed/sendmail
	install -d $(IN)$(SBINDIR) $(IN)$(BINDIR) $(IN)$(LIBDIR) \
	    $(IN)$(MANDIR)/man1 $(IN)$(MANDIR)/man5 $(IN)$(MANDIR)/man8 \
	    $(IN)$(EXAMPLEDIR)
	install -m 755 $(B)/installed/sendmail $(IN)$(SBINDIR)/sendmail
	$(if $(MODULE_$(TLS)),install -m 644 $(B)/tls.so $(IN)$(LIBDIR)/tls.so)
	ln -sf sendmail $(IN)$(SBINDIR)/relais
	ln -sf $(SBINDIR)/sendmail $(IN)$(BINDIR)/mailq
	ln -sf $(SBINDIR)/sendmail $(IN)$(BINDIR)/newaliases
	ln -sf $(SBINDIR)/sendmail $(IN)$(PREFIX)/lib/sendmail
	install -m 644 $(MAN1) $(IN)$(MANDIR)/man1
	$(if $(MAN5),install -m 644 $(MAN5) $(IN)$(MANDIR)/man5)
	install -m 644 $(MAN8) $(IN)$(MANDIR)/man8
	install -m 644 conf/relais.conf $(IN)$(EXAMPLEDIR)/relais.conf.example

uninstall:
	rm -f $(IN)$(SBINDIR)/sendmail $(IN)$(SBINDIR)/relais \
	    $(IN)$(BINDIR)/mailq $(IN)$(BINDIR)/newaliases \
	    $(IN)$(PREFIX)/lib/sendmail $(IN)$(LIBDIR)/tls.so \
	    $(MAN1:man/%=$(IN)$(MANDIR)/man1/%) \
	    $(MAN5:man/%=$(IN)$(MANDIR)/man5/%) \
	    $(MAN8:man/%=$(IN)$(MANDIR)/man8/%) \
	    $(IN)$(EXAMPLEDIR)/relais.conf.example
	rmdir $(IN)$(LIBDIR) $(IN)$(EXAMPLEDIR) 2>/dev/null || :

# Fuzz targets: tests/fuzz/NAME_fuzz.c, seeds in tests/fuzz/corpus/NAME.  What
# a run finds on the way stays in the build folder for the next one.
FUZZ_SECONDS = 10
FUZZ	  = $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/fuzz/*_fuzz.c))

fuzz:
	@$(MAKE) --no-print-directory B=$(B)/fuzz CC=clang HARDENING= \
	    CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	    -fno-sanitize-recover=all -fno-omit-frame-pointer" fuzz-run

fuzz-run: $(FUZZ:=.run)

$(B)/tests/fuzz/%_fuzz: $(B)/tests/fuzz/%_fuzz.o $(B)/librelais.a
	$(LINK) -fsanitize=fuzzer -pie -o $@ $< $(B)/librelais.a $(TLS_LIBS) \
	    $(BSD_LIBS)

$(B)/tests/fuzz/%_fuzz.run: $(B)/tests/fuzz/%_fuzz
	@mkdir -p $(@D)/corpus/$*
	@$< -max_total_time=$(FUZZ_SECONDS) -timeout=10 -verbosity=0 \
	    -print_final_stats=1 -artifact_prefix=$(@D)/$*- \
	    $(@D)/corpus/$* $(wildcard tests/fuzz/corpus/$*) >$(@D)/$*.log 2>&1 || \
	    { tail -n 100 $(@D)/$*.log; exit 1; }
	@echo "$*: `grep number_of_executed $(@D)/$*.log`"

clean:
	rm -rf $(B)

# Whatever is asked for together with setup waits for it.
ifneq ($(filter setup,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

.PHONY: all tests bench check check-budget check-quick check-sanitize check-callers \
    check-servers fuzz fuzz-run setup demo install uninstall clean FORCE
.SECONDARY:
-include $(shell find $(B) -path $(B)/servers -prune -o -name '*.d' -print \
    2>/dev/null)
