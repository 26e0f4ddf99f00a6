/*
 * device.h - log in on another device with a code (RFC 8628)
 */
#ifndef TOKEN_DEVICE_H
#define TOKEN_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "token/exchange.h"
#include "token/http.h"
#include "token/store.h"
#include "util/failure.h"

struct device {
	/* To be set after device_begin(). */
	void	(*waiting)(int64_t seconds);

	char	*code;			/* secret */
	char	*user_code;		/* visible text */
	char	*uri;			/* an https URL, visible text */
	char	*complete_uri;		/* with the code; or NULL */
	int64_t	 interval_ms;
	int64_t	 until;			/* clock_ms() */
};

/*
 * Asks the device authorization endpoint for a code.  The client and the scope
 * are those of the login.  False as exchange(); also EX_PROTOCOL if the reply
 * cannot be used, for example because the address is not an https URL.
 */
bool	device_begin(struct device *, const struct store *,
	    const struct http_options *, const char *url,
	    struct failure *why);

/*
 * Asks the token endpoint until the user has decided or the code has expired,
 * but not more often than the server permits.  Once a second, calls waiting()
 * with the number of seconds that are left.  Asks again after a temporary
 * failure.
 * False with EX_NOPERM if the user refused, EX_TEMPFAIL if the code expired.
 */
bool	device_wait(struct device *, const struct store *,
	    const struct http_options *, struct exchange *,
	    struct failure *why);

void	device_free(struct device *);

#endif
