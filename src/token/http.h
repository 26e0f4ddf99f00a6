/*
 * http.h - send a form to a server by HTTPS, with libcurl (RFC 9110)
 *
 * Only https URLs are accepted, and a redirect is not followed: a secret must
 * be sent only to the configured server.  The certificate of the server is
 * verified.
 */
#ifndef TOKEN_HTTP_H
#define TOKEN_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

enum { HTTP_REPLY_MAX = 64 * 1024 };

/* All pointers are borrowed. */
struct http_options {
	const char	*ca;		/* a file or directory with the only
					 * authorities to trust, as for tls_ca;
					 * NULL: those of the system */
	const char	*proxy;		/* a URL; "environment": https_proxy and
					 * no_proxy decide; NULL: none */
	int64_t		 timeout_ms;	/* for the whole exchange */
};

struct http_reply {
	long		status;		/* 200, 400, 503 ... */
	int64_t		retry_after;	/* seconds from now, at most a day; -1:
					 * not set */
	struct buffer	body;		/* may contain secrets */
	bool		is_unknown;	/* after a failure: the request was
					 * sent, at least in part */
};

/*
 * Appends name=value to a form, in application/x-www-form-urlencoded.  A value
 * of NULL is omitted.
 */
void	http_form_add(struct buffer *form, const char *name,
	    const char *value);

/*
 * Sends the form with POST and reads the reply, whose media type is not
 * examined.  False with why, which names the host and contains nothing that was
 * sent or received: EX_TEMPFAIL if the server cannot be reached, is too slow,
 * or sends more than HTTP_REPLY_MAX; EX_CONFIG if the URL is invalid or the
 * certificate of the server cannot be verified.
 */
bool	http_post(struct http_reply *, const struct http_options *,
	    const char *url, const struct buffer *form, struct failure *why);

/* The host of a URL, for messages; the caller frees it. */
char	*http_host(const char *url);

void	http_reply_free(struct http_reply *);	/* wipes the body */

#endif
