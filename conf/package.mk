# Installation, packages and manuals, included by the Makefile.

# The optional parts that `make install` installs; conf/install.sh lists them.
WITH	= systemd,completion

# The programs in $(B) use the files in $(B) and conf, the installed programs
# the installed ones.  $(call PATHS,LIBDIR,DATADIR,SBINDIR)
SBINDIR	= $(PREFIX)/sbin
PATHS	= -DTLS_MODULE='"$(1)/tls.so"' -DTOKEN_PROGRAM='"$(1)/relais-token"' \
	  -DPROVIDERS='"$(2)/providers"' -DRELAIS_PROGRAM='"$(3)/relais"' \
	  -DOAUTH_PROVIDERS='"$(2)/oauth-providers"'
$(B)/src/util/installed.o: ALL_CFLAGS += \
    $(call PATHS,$(abspath $(B)),$(abspath conf),$(abspath $(B)))
$(INSTALLED) $(B)/installed/relais-token: $(B)/installed/installed.o
$(B)/installed/installed.o: ALL_CFLAGS += \
    $(call PATHS,$(LIBDIR),$(DATADIR),$(SBINDIR))
$(B)/installed/installed.o: src/util/installed.c
	$(SAY) CC "$< (installed)"
	$(COMPILE) -fPIE

install: all $(INSTALLED) $(TOKEN:$(B)/%=$(B)/installed/%)
install uninstall:
	B=$(B) DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) LIBDIR=$(LIBDIR) \
	    DATADIR=$(DATADIR) SBINDIR=$(SBINDIR) SYSCONFDIR=$(SYSCONFDIR) \
	    WITH=$(WITH) \
	    conf/install.sh $@

# The sources of the commit that is checked out.
dist:
	conf/dist.sh $(VERSION) $(B)

# The program in one file.  The linker's warnings are about functions of libc
# that load shared libraries; src/util/name_service_static.c prevents this.
STATIC_LIBS = `pkg-config --static --libs openssl` -lresolv
STATIC_LDFLAGS = $(LDFLAGS) $(shell ld --help | grep -qe --no-warnings && \
	  echo -Wl,--no-warnings)
static:
	$(MAKE) --no-print-directory B=$(B)/static TLS=linked TOKEN= \
	    PIE=-static-pie TLS_LIBS='$(STATIC_LIBS)' \
	    LDFLAGS='$(STATIC_LDFLAGS)' $(B)/static/installed/sendmail
	strip -o $(B)/relais-static $(B)/static/installed/sendmail
	printf '%s: %d KiB\n' $(B)/relais-static \
	    $$(($$(wc -c <$(B)/relais-static) / 1024))

# The packages for Debian, with Debian's own tools: `make setup deb` installs
# them.  conf/debian is the directory debian/ of the source package.
deb: $(B)/deb/built
	ls $(B)/deb/*.deb

# The packages for the tests have the objects of this build, because the options
# of Debian would make the compiler generate the same code.  The objects that
# contain paths are compiled again.
TESTED	= $(B)/tests/packages/deb
$(TESTED)/built: $(B)/sendmail $(MODULE) $(TOKEN)
$(TESTED)/built: DEB_OBJECTS = $(B)/src $(B)/module
$(TESTED)/built: DEB_BUILD = DEB_BUILD_OPTIONS=noautodbgsym $(BUILD_PACKAGES) -nc

BUILD_PACKAGES = dpkg-buildpackage -us -uc -b -j$$(nproc)
DEB_BUILD = $(BUILD_PACKAGES)
DEB_SOURCE = $(@D)/relais-$(VERSION)
$(B)/deb/built $(TESTED)/built: Makefile $(wildcard conf/* conf/*/* man/* \
    src/*.c src/*/*.[ch]) README.md
	rm -rf $(@D)
	mkdir -p $(DEB_SOURCE)/build
	cp -a $(filter-out $(firstword $(subst /, ,$(B))) build,$(wildcard *)) \
	    $(DEB_SOURCE)
	cp -a conf/debian $(DEB_SOURCE)/debian
	$(if $(DEB_OBJECTS),cp -a $(DEB_OBJECTS) $(DEB_SOURCE)/build)
	grep -q '^relais ($(VERSION)[)-]' $(DEB_SOURCE)/debian/changelog || \
	    { echo "conf/debian/changelog: no entry for version $(VERSION)" >&2; \
	    exit 1; }
	cd $(DEB_SOURCE) && \
	    env -u MAKEFLAGS -u MAKELEVEL -u B $(DEB_BUILD)
	rm -rf $(DEB_SOURCE)
	touch $@

# Installs the packages in place of other mail programs, and uses, upgrades and
# purges them, in separate namespaces for each test.
TESTS_packages = $(addprefix $(B)/tests/packages/,life lintian callers dma exim \
	  nullmailer postfix ssmtp)
check-deb: $(TESTED)/built $(DEMO) $(TESTS_packages)
	$(RUN_TESTS) $(TESTS_packages)

# For `make check`: without Debian's tools, the tests are skipped.
tested-packages: $(TESTS_packages)
	! dpkg-checkbuilddeps conf/debian/control >/dev/null 2>&1 || \
	    $(MAKE) --no-print-directory $(TESTED)/built

# A test that replaces another program has the name of the image.
$(B)/tests/packages/life $(B)/tests/packages/lintian: $(B)/%: %.sh
$(filter-out %/life %/lintian,$(TESTS_packages)): tests/packages/replace.sh
$(TESTS_packages):
	mkdir -p $(@D)
	install -m 755 $< $@

# The recipes for other systems, as far as tools in Debian can check them.
check-recipes:
	for system in 'fedora 41' 'suse_version 1600'; do \
	    rpmspec -P -D "$$system" conf/rpm/relais.spec >/dev/null || exit; \
	done
	rpmlint -c conf/rpm/rpmlint.toml conf/rpm/relais.spec
	shellcheck -s dash -e SC2034,SC2154 conf/alpine/APKBUILD
	shellcheck conf/alpine/relais.pre-install

# The manuals as one page.
html:
	mkdir -p $(B)/html
	conf/html.sh man/*.[158] >$(B)/html/relais.html

.PHONY: install uninstall dist static deb check-deb tested-packages \
    check-recipes html
