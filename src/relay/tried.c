#include "relay/tried.h"

#include <stdbool.h>
#include <string.h>

/* The texts in the struct may have been truncated. */
static bool
is_same(const struct tried_smarthost *h, const char *url, const char *user)
{
	return strncmp(h->url, url, sizeof(h->url) - 1) == 0 &&
	    strncmp(h->user, user, sizeof(h->user) - 1) == 0;
}

size_t
tried_add(struct tried *t, const char *url, const char *user)
{
	struct tried_smarthost	*h;

	if (user == NULL)
		user = "";
	for (size_t i = 0; i < t->n; i++)
		if (is_same(&t->smarthost[i], url, user))
			return i + 1;
	if (t->n == TRIED_MAX)
		return 0;
	h = &t->smarthost[t->n++];
	*h = (struct tried_smarthost){ .login = TRIED_LOGIN_NONE };
	strlcpy(h->url, url, sizeof(h->url));
	strlcpy(h->user, user, sizeof(h->user));
	return t->n;
}

void
tried_check(struct tried *t)
{
	if (t->n > TRIED_MAX)
		t->n = 0;
	for (size_t i = 0; i < t->n; i++) {
		struct tried_smarthost	*h = &t->smarthost[i];

		h->url[sizeof(h->url) - 1] = '\0';
		h->user[sizeof(h->user) - 1] = '\0';
		if (h->login != TRIED_LOGIN_ACCEPTED &&
		    h->login != TRIED_LOGIN_REFUSED)
			h->login = TRIED_LOGIN_NONE;
	}
}
