/*
 * PLAIN, LOGIN, CRAM-MD5, and EXTERNAL, whose password is a certificate.
 */
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "smtp/auth_mechanism.h"

bool
auth_plain_start(struct auth *a, struct failure *why)
{
	(void)why;
	buffer_add_byte(&a->first, '\0');
	buffer_add(&a->first, a->user, strlen(a->user) + 1);
	buffer_add_text(&a->first, a->password);
	return true;
}

/*
 * LOGIN was never written down for clients to rely on: the user name may
 * stand on the command line, which saves a round trip.
 */
bool
auth_login_start(struct auth *a, struct failure *why)
{
	(void)why;
	buffer_add_text(&a->first, a->user);
	return true;
}

/* "Username:" of most, "User Name" of some; never "User's password". */
static bool
asks_for_user(const char *prompt, size_t len)
{
	return len >= 4 && strncasecmp(prompt, "user", 4) == 0 &&
	    memmem(prompt, len, "ass", 3) == NULL;
}

/*
 * Prompts are answered by their order.  One look at the text remains: a
 * server that has overlooked the user name on the command line asks for it,
 * and must not be told the password, since user names are logged.
 */
bool
auth_login_step(struct auth *a, const char *prompt, size_t len,
    struct buffer *response, struct failure *why)
{
	if (a->steps == 1 && asks_for_user(prompt, len)) {
		a->asked_user = true;
		buffer_add_text(response, a->user);
		return true;
	}
	if (a->steps > (a->asked_user ? 2 : 1))
		return failed(why, EX_PROTOCOL, "the server goes on asking "
		    "behind user name and password");
	buffer_add_text(response, a->password);
	return true;
}

bool
auth_cram_step(struct auth *a, const char *challenge, size_t len,
    struct buffer *response, struct failure *why)
{
	unsigned char	hmac[TLS_DIGEST_MAX];
	size_t		n;

	if (a->steps > 1)
		return failed(why, EX_PROTOCOL, "the server sends a second "
		    "challenge");
	if (len == 0)
		return failed(why, EX_PROTOCOL, "the server's challenge is "
		    "empty");
	n = a->module->hmac(TLS_MD5, a->password, strlen(a->password),
	    challenge, len, hmac);
	if (n == 0)
		return failed(why, EX_UNAVAILABLE, "%s does not compute MD5 "
		    "here", a->module->library());
	buffer_addf(response, "%s ", a->user);
	for (size_t i = 0; i < n; i++)
		buffer_addf(response, "%02x", hmac[i]);
	return true;
}

/* Empty: whoever the certificate says we are. */
bool
auth_external_start(struct auth *a, struct failure *why)
{
	(void)why;
	if (a->options->user != NULL)
		buffer_add_text(&a->first, a->options->user);
	return true;
}
