/*
 * stand.h - the whole program against a smarthost with TLS and AUTH
 *
 * A folder with the usual certificates, a smarthost that shows them, and a
 * relais.conf in which {ca}, {hashed}, {pin}, {chain}, {key}, {folder} and
 * {port} stand for what is in the folder, and where the smarthost listens:
 *
 *	stand_open(&s, &(struct script){ .security = STARTTLS_OFFERED },
 *	    "submission", "tls_ca = {ca}\n");
 *	stand_send(&s);
 *	assert_int_equal(s.o.status, 0);
 *	stand_close(&s);
 */
#ifndef SUPPORT_STAND_H
#define SUPPORT_STAND_H

#include <stdbool.h>

#include "support/certificate.h"
#include "support/folder.h"
#include "support/program.h"
#include "support/smarthost.h"

/* Of the user nina, where a test does not need another; in a URL's path, in
 * base64 and in hex nothing else of a session looks like it. */
#define STAND_PASSWORD	"Tr0ub4dor&3-secret"
#define STAND_LOGIN	"user = nina\npassword = " STAND_PASSWORD "\n"

struct stand {
	struct folder			 folder;
	struct usual_certificates	 usual;
	struct smarthost		*host;
	char				*conf;		/* owned; its path */
	struct outcome			 o;		/* of stand_send() */
};

/* Makes the folder; then stand_open() finds more in it. */
void	stand_begin(struct stand *);

/*
 * Starts the smarthost and writes relais.conf.  A script with TLS and without
 * a certificate gets the usual one.
 */
void	stand_open(struct stand *, const struct script *, const char *scheme,
	    const char *more);

/* A short message to a@example.net, with -v. */
void	stand_send(struct stand *);

/* The same as a program to be run in another way; good until stand_close. */
struct program stand_program(struct stand *);

/* Fails unless stderr holds the words (NULL: none need be there). */
void	stand_said(const struct stand *, const char *words);

/*
 * What must hold whatever a server does: no AUTH, no MAIL and no form of the
 * password outside TLS, and none on standard output or standard error.
 */
void	stand_kept_secret(struct stand *);

/* True if the octets hold the password in clear, base64 or hex. */
bool	stand_shows_password(const void *data, size_t len);

void	stand_close(struct stand *);

#endif
