# Packages, included by the Makefile.

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

.PHONY: dist static
