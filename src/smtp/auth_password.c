/*
 * auth_password.c - PLAIN, LOGIN, CRAM-MD5 and EXTERNAL
 */
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "smtp/auth_mechanism.h"
#include "util/hex.h"

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
 * LOGIN is not standardized.  Most servers accept the user name as the initial
 * response, which saves a round trip; some refuse or ignore it (see
 * auth_may_repeat()).
 */
bool
auth_login_start(struct auth *a, struct failure *why)
{
	(void)why;
	buffer_add_text(&a->first, a->user);
	return true;
}

static bool
contains(const char *prompt, size_t len, const char *word)
{
	size_t	n = strlen(word);

	for (size_t i = 0; i + n <= len; i++) {
		if (strncasecmp(prompt + i, word, n) == 0)
			return true;
	}
	return false;
}

/*
 * The first of two prompts requests the user name and the second one the
 * password, whatever their text.  After a user name as the initial response,
 * however, the first prompt may request either of them, and servers log user
 * names: the password is sent only if the text of the prompt requests it.
 */
bool
auth_login_step(struct auth *a, const char *prompt, size_t len,
    struct buffer *response, struct failure *why)
{
	bool	first = a->first_sent && !a->answered;
	bool	pass = contains(prompt, len, "pass");
	bool	name = contains(prompt, len, "name");
	/* "Username:", "User Name", "Login:" */
	bool	for_user = !pass && (name || contains(prompt, len, "user") ||
		    contains(prompt, len, "login"));
	/* "Password:", "User password:" */
	bool	for_password = pass && !name;

	if (a->password_sent)
		return failed(why, EX_PROTOCOL, "unexpected challenge from "
		    "the server after the password");
	if (for_user) {
		if (!first)
			return failed(why, EX_PROTOCOL, "the server "
			    "requests the user name again");
		buffer_add_text(response, a->user);
	} else if (for_password || !first) {
		buffer_add_text(response, a->password);
		a->password_sent = true;
	} else {
		return failed(why, EX_PROTOCOL, "the server's prompt does not "
		    "say whether it requests the user name or the password");
	}
	a->answered = true;
	return true;
}

bool
auth_cram_step(struct auth *a, const char *challenge, size_t len,
    struct buffer *response, struct failure *why)
{
	unsigned char	hmac[TLS_DIGEST_MAX];
	size_t		n;

	if (a->steps > 1)
		return failed(why, EX_PROTOCOL, "unexpected second challenge "
		    "from the server");
	if (len == 0)
		return failed(why, EX_PROTOCOL, "the server's challenge is "
		    "empty");
	n = a->offer.module->hmac(TLS_MD5, a->password, strlen(a->password),
	    challenge, len, hmac);
	if (n == 0)
		return failed(why, EX_UNAVAILABLE, "%s does not support "
		    "MD5", a->offer.module->library());
	buffer_addf(response, "%s ", a->user);
	for (size_t i = 0; i < n; i++) {
		char	two[2];

		hex_write_lower(two, hmac[i]);
		buffer_add(response, two, sizeof(two));
	}
	return true;
}

/* Without a user name, the certificate determines the identity. */
bool
auth_external_start(struct auth *a, struct failure *why)
{
	(void)why;
	if (a->options->user != NULL)
		buffer_add_text(&a->first, a->options->user);
	return true;
}
