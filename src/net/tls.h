/*
 * tls.h - TLS and the digests of SASL, from a module loaded when needed
 *
 * tls.so is the only object that is linked with libssl and libcrypto.  It is
 * loaded from one compiled-in absolute path, and only when a TLS session or
 * a digest is about to be needed; `make TLS=linked` links it in instead.
 * What is declared here is the whole border between the two: bytes, strings
 * and struct failure.
 *
 * A session works on a non-blocking descriptor that stays the caller's.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "util/failure.h"

struct tls;		/* one session, the module's own */

/*
 * All strings are borrowed until start() returns.
 *
 * A name is matched by subjectAltName alone, never by the common name; a
 * wildcard stands for one whole label.  Pins take the place of all that: the
 * server's own certificate must hold one of these keys, and then nothing is
 * asked about its issuer, its name or its dates.  They are checked even
 * where verify is false.  TLS 1.2 or later, and what openssl.cnf demands
 * beyond that.
 */
struct tls_options {
	const char	 *name;		/* to expect: a host name, or an IP
					 * literal without brackets */
	const char	 *ca;		/* PEM file or hashed folder; NULL: the
					 * system's trust */
	const char *const *pins;	/* SPKI SHA-256 in base64, "sha256//"
					 * before it or not; NULL at the end;
					 * NULL or empty: none */
	const char	 *certificate;	/* our own, PEM, chain behind it */
	const char	 *key;		/* NULL: in the certificate's file */
	bool		  verify;	/* false: opportunistic TLS only */
};

/* What a failure is about, in struct failure: the caller adds the remedy. */
enum tls_cause {
	/* start(): an option cannot be used. */
	TLS_CAUSE_NAME = 1,
	TLS_CAUSE_CA,
	TLS_CAUSE_PIN,
	TLS_CAUSE_CERTIFICATE,
	TLS_CAUSE_KEY,
	TLS_CAUSE_NO_STORE,		/* this system has no trust store */

	/* The certificate of the server is rejected. */
	TLS_CAUSE_DEFECTIVE,		/* expired, weak, not for servers */
	TLS_CAUSE_SELF_SIGNED,
	TLS_CAUSE_UNKNOWN_ISSUER,
	TLS_CAUSE_CHAIN_TOO_LONG,
	TLS_CAUSE_WRONG_NAME,
	TLS_CAUSE_NOT_PINNED,

	/* The server rejects our certificate, or requires one. */
	TLS_CAUSE_OWN_REJECTED,
	TLS_CAUSE_OWN_REQUIRED,
	TLS_CAUSE_OWN_OR_CIPHER,	/* requires one, or shares no cipher */
};

enum tls_result {
	TLS_DONE,
	TLS_WANT_READ,		/* poll, then call again with the same data */
	TLS_WANT_WRITE,
	TLS_CLOSED,		/* the peer said close_notify, or hung up */
	TLS_FAILED,		/* see why */
};

enum tls_digest { TLS_MD5, TLS_SHA1, TLS_SHA256 };

enum { TLS_DIGEST_MAX = 32, TLS_BINDING_SIZE = 32 };

struct tls_module {
	const char *(*library)(void);	/* "OpenSSL 3.0.19 ..." */

	/*
	 * Makes a session, no octet sent yet; NULL with why: EX_CONFIG for
	 * files that are missing, unreadable or hold nothing usable, for a key
	 * that others can read, and where no trust store is to be found.
	 * Slow: call it while connecting.
	 */
	struct tls *(*start)(const struct tls_options *, struct failure *);

	/*
	 * On fd from now on.  TLS_FAILED: EX_CONFIG for a certificate that is
	 * not trusted, with its subject and the rule that it broke;
	 * EX_TEMPFAIL for a handshake broken
	 * off; EX_PROTOCOL where the peer does not speak TLS at all;
	 * EX_UNAVAILABLE where its TLS is too old or too weak.  The texts want
	 * the host put in front of them.
	 */
	enum tls_result (*handshake)(struct tls *, int fd, struct failure *);

	/*
	 * More may be waiting inside than poll() can tell: read until
	 * TLS_WANT_READ before waiting.  By TLS 1.3 a server says only here
	 * that it will not have our certificate (EX_CONFIG).
	 */
	enum tls_result (*read)(struct tls *, void *to, size_t room,
	    size_t *got, struct failure *);
	/* Some of it; never SIGPIPE. */
	enum tls_result (*write)(struct tls *, const void *from, size_t len,
	    size_t *put, struct failure *);

	/* "TLSv1.3 TLS_AES_256_GCM_SHA384": protocol and cipher suite. */
	const char *(*describe)(const struct tls *, char *to, size_t size);

	/* tls-exporter (RFC 9266); false before TLS 1.3. */
	bool (*channel_binding)(struct tls *,
	    unsigned char binding[TLS_BINDING_SIZE]);

	/* Sends close_notify if that needs no waiting; frees. */
	void (*close)(struct tls *);

	/* Digests; each returns its length, 0 on failure. */
	size_t (*digest)(enum tls_digest, const void *data, size_t len,
	    unsigned char out[TLS_DIGEST_MAX]);
	size_t (*hmac)(enum tls_digest, const void *key, size_t key_len,
	    const void *data, size_t len, unsigned char out[TLS_DIGEST_MAX]);
	size_t (*pbkdf2)(enum tls_digest, const char *password, size_t len,
	    const void *salt, size_t salt_len, unsigned iterations,
	    unsigned char out[TLS_DIGEST_MAX]);
};

/*
 * The module, loaded the first time.  NULL with why (EX_UNAVAILABLE: not
 * installed, naming the file and the dynamic loader's reason).
 */
const struct tls_module *tls_load(struct failure *why);

/*
 * Without loading it: "OpenSSL 3.0.19 ..." as we were built with, and where
 * the module is looked for; NULL if it is part of the program.
 */
const char *tls_built_with(void);
const char *tls_module_path(void);

#endif
