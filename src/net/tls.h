/*
 * tls.h - the interface of the TLS module: sessions, and digests for SASL
 *
 * Only the module, tls.so, is linked with libssl and libcrypto.  It is loaded
 * from a compiled-in absolute path when a TLS session or a digest is needed;
 * `make TLS=linked` links it into the program instead.
 *
 * A session uses a non-blocking descriptor, which the caller owns.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/failure.h"

struct tls;		/* one session; owned by the caller of start() */

/*
 * All strings are borrowed until start() returns.
 *
 * The name must match a subjectAltName; the common name is ignored, and a
 * wildcard matches one whole label.  If there are pins, the server's own
 * certificate must have one of these keys, even if verify is false; its issuer,
 * names and dates are not checked.  TLS 1.2 or later is required, or TLS 1.3,
 * and anything else that openssl.cnf requires.
 */
struct tls_options {
	const char	 *name;		/* of the server: a host name, or an IP
					 * literal without brackets */
	const char	 *ca;		/* PEM file or directory with hashes;
					 * NULL: the system's trust store */
	const char *const *pins;	/* SHA-256 digests of keys in base64,
					 * with or without "sha256//"; the list
					 * ends with NULL; or NULL */
	const char	 *certificate;	/* of the client, in PEM format,
					 * followed by its chain; or NULL */
	const char	 *key;		/* NULL: in the certificate's file */
	const char	 *groups;	/* "X25519:P-256"; NULL: those of
					 * OpenSSL and openssl.cnf */
	bool		  only_1_3;	/* require TLS 1.3 */
	bool		  verify;	/* false: opportunistic TLS */
};

/* The cause in struct failure, for which the caller knows the remedy. */
enum tls_cause {
	/* start(): an option cannot be used. */
	TLS_CAUSE_NAME = 1,
	TLS_CAUSE_CA,
	TLS_CAUSE_PIN,
	TLS_CAUSE_CERTIFICATE,
	TLS_CAUSE_KEY,
	TLS_CAUSE_NO_STORE,		/* the system has no trust store */
	TLS_CAUSE_GROUPS,

	/* The certificate of the server is rejected. */
	TLS_CAUSE_DEFECTIVE,		/* expired, weak, not for servers */
	TLS_CAUSE_NOT_YET_VALID,	/* or the clock of this machine is
					 * wrong */
	TLS_CAUSE_SELF_SIGNED,
	TLS_CAUSE_UNKNOWN_ISSUER,
	TLS_CAUSE_CHAIN_TOO_LONG,
	TLS_CAUSE_WRONG_NAME,
	TLS_CAUSE_NOT_PINNED,

	/* The server rejects the client certificate, or requires one. */
	TLS_CAUSE_OWN_REJECTED,
	TLS_CAUSE_OWN_REQUIRED,
	TLS_CAUSE_OWN_OR_CIPHER,	/* requires one, or shares no cipher
					 * suite or group */

	TLS_CAUSE_ONLY_1_3,		/* the server has no TLS 1.3, which the
					 * options or openssl.cnf require */

	/*
	 * The server sends nothing after the client hello, or closes the
	 * connection.
	 */
	TLS_CAUSE_HELLO,
	TLS_CAUSE_LARGE_HELLO,	/* which is larger than TLS_HELLO_LARGE */

	TLS_CAUSE_MODULE,		/* it cannot be loaded now */
};

/* With TCP and IP headers, a client hello of this size is almost a packet. */
enum { TLS_HELLO_LARGE = 1400 };

enum tls_result {
	TLS_DONE,
	TLS_WANT_READ,		/* poll, and call again with the same data */
	TLS_WANT_WRITE,
	TLS_CLOSED,		/* by the peer, with close_notify or without */
	TLS_FAILED,		/* see why */
};

/* Text from certificates is visible (util/visible.h) and truncated. */
struct tls_certificate_facts {
	char		subject[200];	/* "CN=smtp.example.org" */
	char		issuer[200];
	char		names[300];	/* "a.example, b.example and 3 more" */
	int64_t		from, until;	/* validity, in seconds since 1970 */
};

enum { TLS_FACTS_CHAIN = 6 };

/* Facts about an established session, for people. */
struct tls_facts {
	char		version[16];	/* "TLSv1.3" */
	char		cipher[64];	/* "TLS_AES_256_GCM_SHA384" */
	char		group[32];	/* of the key exchange: "X25519", or
					 * "" */
	bool		verified;	/* the certificate or its key */
	bool		pinned;		/* by a pin; the chain was not
					 * checked */
	struct tls_certificate_facts chain[TLS_FACTS_CHAIN];
	size_t		n;		/* as sent, the server's own first */
};

/* For log lines.  A zeroed struct is unknown. */
struct tls_summary {
	char	version[12];	/* "TLSv1.3", "off" without TLS, or "" */
	char	group[24];	/* as in struct tls_facts */
	char	verified[8];	/* "ca", "pin", "no", or "" without TLS */
};

enum tls_digest { TLS_MD5, TLS_SHA1, TLS_SHA256 };

/* The types of channel binding (RFC 5056). */
enum tls_binding {
	TLS_EXPORTER,		/* RFC 9266: with TLS 1.3 */
	TLS_UNIQUE,		/* RFC 5929 section 3: with TLS 1.2 and extended
				 * master secret (RFC 7627) */
	TLS_SERVER_END_POINT,	/* RFC 5929 section 4: a hash of the server's
				 * certificate, which anyone can compute */
};

enum { TLS_DIGEST_MAX = 32, TLS_BINDING_MAX = 64 };

struct tls_module {
	const char *(*library)(void);	/* "OpenSSL 3.0.19 ..." */

	/*
	 * Prepares a session, without any I/O on the connection.  Returns NULL
	 * with why: EX_CONFIG if a file is missing, unreadable or unusable, if
	 * other users can read the key, if no trust store is found, or if a
	 * group is not supported.  This takes a millisecond, so it is called
	 * while connecting.
	 */
	struct tls *(*start)(const struct tls_options *, struct failure *);

	/*
	 * Continues the handshake on fd, which the session uses from then on.
	 * TLS_FAILED: EX_CONFIG if the certificate is rejected, with its
	 * subject and the reason; EX_TEMPFAIL if the handshake was interrupted;
	 * EX_PROTOCOL if the peer does not speak TLS; EX_UNAVAILABLE if its TLS
	 * is too old or too weak.  The caller inserts the host before the text.
	 */
	enum tls_result (*handshake)(struct tls *, int fd, struct failure *);

	/*
	 * To be called if the handshake times out.  If the server has not sent
	 * anything, adds the size of the client hello to *why, and the cause.
	 */
	void (*unanswered)(const struct tls *, struct failure *why);

	/*
	 * Must be called until it returns TLS_WANT_READ before the caller
	 * waits, because poll() does not know of octets in the session.  With
	 * TLS 1.3, a server that rejects the client certificate is noticed only
	 * here (EX_CONFIG).
	 */
	enum tls_result (*read)(struct tls *, void *to, size_t room,
	    size_t *got, struct failure *);
	/* May write only a part; never raises SIGPIPE. */
	enum tls_result (*write)(struct tls *, const void *from, size_t len,
	    size_t *put, struct failure *);

	/* Such as "TLSv1.3 TLS_AES_256_GCM_SHA384 X25519". */
	const char *(*describe)(const struct tls *, char *to, size_t size);

	void (*facts)(const struct tls *, struct tls_facts *);
	void (*summary)(const struct tls *, struct tls_summary *);

	/* When the server's certificate expires; 0: unknown. */
	int64_t (*expiry)(const struct tls *);

	/* Returns the length of a channel binding, or 0 if there is none. */
	size_t (*channel_binding)(struct tls *, enum tls_binding,
	    unsigned char out[TLS_BINDING_MAX]);

	/* Sends close_notify if the socket accepts it at once; frees. */
	void (*close)(struct tls *);

	/* Digests.  Each function returns the length, or 0 on failure. */
	size_t (*digest)(enum tls_digest, const void *data, size_t len,
	    unsigned char out[TLS_DIGEST_MAX]);
	size_t (*hmac)(enum tls_digest, const void *key, size_t key_len,
	    const void *data, size_t len, unsigned char out[TLS_DIGEST_MAX]);
	size_t (*pbkdf2)(enum tls_digest, const char *password, size_t len,
	    const void *salt, size_t salt_len, unsigned iterations,
	    unsigned char out[TLS_DIGEST_MAX]);
};

/*
 * Returns the module, and loads it the first time.  Returns NULL with why
 * (EX_UNAVAILABLE) if it is not installed; the text contains the path and the
 * reason of the dynamic loader.
 */
const struct tls_module *tls_load(struct failure *why);

/* The version of OpenSSL that the program was built with. */
const char *tls_built_with(void);

/* The path of the module; NULL if it is linked into the program. */
const char *tls_module_path(void);

#endif
