/*
 * stand.h - run sendmail with a smarthost that has TLS and AUTH
 *
 * A directory with certificates, a smarthost that uses them, and a relais.conf
 * in which {ca}, {hashed}, {pin}, {chain}, {key}, {folder} and {port} are
 * replaced by the files in the directory and the smarthost's port:
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

/*
 * The password of user nina.  Nothing else in a session looks like it, in
 * clear, URL encoding, base64 or hex.
 */
#define STAND_PASSWORD	"Tr0ub4dor&3-secret"
#define STAND_LOGIN	"user = nina\npassword = " STAND_PASSWORD "\n"

struct stand {
	struct folder			 folder;
	struct usual_certificates	 usual;
	struct smarthost		*host;
	char				*conf;		/* owned; its path */
	struct outcome			 o;		/* set by stand_send() */
};

/* Creates the directory, so that a test can add files before stand_open(). */
void	stand_begin(struct stand *);

/*
 * Starts the smarthost and writes relais.conf.  If a script has TLS but
 * no certificate, the standard one is used.
 */
void	stand_open(struct stand *, const struct script *, const char *scheme,
	    const char *more);

/* Sends a short message to a@example.net with -v. */
void	stand_send(struct stand *);

/* The command that stand_send() runs; valid until stand_close(). */
struct program stand_program(struct stand *);

/* Fails unless stderr contains the words; NULL: any text. */
void	stand_said(const struct stand *, const char *words);

/*
 * Fails if AUTH, MAIL or the password in any encoding was sent without TLS, or
 * if the password was printed.
 */
void	stand_kept_secret(struct stand *);

/* Whether the octets contain the password in clear, base64 or hex. */
bool	stand_shows_password(const void *data, size_t len);

void	stand_close(struct stand *);

#endif
