/*
 * tls_fixture.h - run sendmail with a smarthost that has TLS and AUTH
 *
 * A directory with certificates, a smarthost that uses them, and a relais.conf
 * in which {ca}, {hashed}, {pin}, {chain}, {key}, {dir} and {port} are
 * replaced by the files in the directory and the smarthost's port:
 *
 *	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED },
 *	    "submission", "tls_ca = {ca}\n");
 *	tls_fixture_send(&s);
 *	assert_int_equal(s.o.status, 0);
 *	tls_fixture_close(&s);
 */
#ifndef SUPPORT_TLS_FIXTURE_H
#define SUPPORT_TLS_FIXTURE_H

#include <stdbool.h>

#include "support/certificate.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/temp_dir.h"

/*
 * The password of user nina.  Nothing else in a session looks like it, in
 * clear, URL encoding, base64 or hex.
 */
#define TLS_FIXTURE_PASSWORD	"Tr0ub4dor&3-secret"
#define TLS_FIXTURE_LOGIN \
	"user = nina\npassword = " TLS_FIXTURE_PASSWORD "\n"

struct tls_fixture {
	struct temp_dir			 dir;
	struct usual_certificates	 usual;
	struct mock_smtp		*host;
	char				*conf;		/* owned; its path */
	struct program_result		 o;		/* of the last send */
};

/* Creates the directory; a test can add files before tls_fixture_open(). */
void	tls_fixture_begin(struct tls_fixture *);

/*
 * Starts the smarthost and writes relais.conf.  If a script has TLS but
 * no certificate, the standard one is used.
 */
void	tls_fixture_open(struct tls_fixture *, const struct script *,
	    const char *scheme, const char *more);

/* Sends a short message to a@example.net with -v. */
void	tls_fixture_send(struct tls_fixture *);

/* The command that tls_fixture_send() runs; valid until tls_fixture_close(). */
struct program tls_fixture_program(struct tls_fixture *);

/* Fails unless stderr contains the words; NULL: any text. */
void	tls_fixture_said(const struct tls_fixture *, const char *words);

/* The same for the trace of the session on standard output. */
void	tls_fixture_traced(const struct tls_fixture *, const char *words);

/*
 * Fails if AUTH, MAIL or the password in any encoding was sent without TLS, or
 * if the password was printed.
 */
void	tls_fixture_kept_secret(struct tls_fixture *);

/* Whether the octets contain the password in clear, base64 or hex. */
bool	tls_fixture_shows_password(const void *data, size_t len);

void	tls_fixture_close(struct tls_fixture *);

#endif
