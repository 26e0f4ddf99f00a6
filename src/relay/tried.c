#include "relay/tried.h"

#include <string.h>

size_t
tried_add(struct tried *t, const char *url, const char *user)
{
	struct tried_smarthost	*h = &t->smarthost[t->n];
	size_t			 i;

	if (t->n == TRIED_MAX)
		return 0;
	*h = (struct tried_smarthost){ .login = TRIED_LOGIN_NONE };
	strlcpy(h->url, url, sizeof(h->url));
	strlcpy(h->user, user != NULL ? user : "", sizeof(h->user));
	for (i = 0; i < t->n; i++)
		if (strcmp(t->smarthost[i].url, h->url) == 0 &&
		    strcmp(t->smarthost[i].user, h->user) == 0)
			return i + 1;
	return ++t->n;
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
