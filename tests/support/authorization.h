/*
 * authorization.h - start the scripted authorization server
 *
 * tests/support/authorization.py describes the script, which is JSON.  The
 * endpoints are /device, /authorize, /token and /introspect below .url.  If
 * python3 is not installed, the test is skipped.
 *
 *	authorization_start(&a, &dir, &usual, "{\"token\": [\"pending\", null]}");
 *	... https://127.0.0.1:PORT/token ...
 *	assert_non_null(strstr(authorization_log(&a), "\"/token\""));
 *	authorization_stop(&a);
 */
#ifndef SUPPORT_AUTHORIZATION_H
#define SUPPORT_AUTHORIZATION_H

#include "support/certificate.h"
#include "support/program.h"
#include "support/temp_dir.h"
#include "util/buffer.h"

struct authorization {
	char		 url[48];	/* "https://127.0.0.1:1234" */
	char		 script[100];	/* paths */
	char		 log[100];
	int		 process;	/* a pidfd, while it runs */
	struct buffer	 requests;
};

/* The server has the usual certificate. */
void	authorization_start(struct authorization *, struct temp_dir *,
	    const struct usual_certificates *, const char *script);

/* Replaces the script; the state of the server remains. */
void	authorization_script(struct authorization *, const char *script);

/* The requests so far, a line of JSON each; valid until the next call. */
const char *authorization_log(struct authorization *);

/* The number of requests whose line contains the text. */
size_t	authorization_count(struct authorization *, const char *text);

/* Waits until n lines contain the text, or fails the test. */
void	authorization_wait(struct authorization *, const char *text, size_t n);

void	authorization_stop(struct authorization *);

#endif
