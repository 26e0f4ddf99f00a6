#include "net/tls_groups.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "net/tls.h"
#include "net/tls_library.h"
#include "net/tls_setting.h"
#include "util/visible.h"

enum { GROUP_NAME_MAX = 64 };

/* The part of "OpenSSL 3.0.19 27 Jan 2026" before the date. */
static void
library_version(char *to, size_t size)
{
	const char	*version = tls_library_version();
	size_t		 n = strcspn(version, " ");

	if (version[n] != '\0')
		n += 1 + strcspn(version + n + 1, " ");
	snprintf(to, size, "%.*s", (int)n, version);
}

/*
 * Copies the next name of a list to *name, without the marks "?", "*" and "-"
 * of later versions of OpenSSL.  Returns what follows the name, or NULL at the
 * end of the list.
 */
static const char *
next_name(const char *list, char name[GROUP_NAME_MAX])
{
	size_t	n;

	list += strspn(list, ":/");
	if (*list == '\0')
		return NULL;
	n = strcspn(list, ":/");
	snprintf(name, GROUP_NAME_MAX, "%.*s", (int)n, list);
	n = strspn(name, "?*-");
	memmove(name, name + n, strlen(name + n) + 1);
	return list + strcspn(list, ":/");
}

static bool
is_supported(SSL_CTX *ctx, const char *name)
{
	bool	good = SSL_CTX_set1_groups_list(ctx, name) == 1;

	ERR_clear_error();
	return good;
}

/* Names without marks are accepted one by one by each version. */
static bool
fail_groups(SSL_CTX *ctx, const char *list, struct failure *why)
{
	char	version[64], name[GROUP_NAME_MAX], shown[80];

	library_version(version, sizeof(version));
	ERR_clear_error();
	for (const char *at = list; (at = next_name(at, name)) != NULL;) {
		if (strcmp(name, "DEFAULT") == 0 || is_supported(ctx, name))
			continue;
		return tls_setting_failed(why, TLS_CAUSE_GROUPS, "%s does not "
		    "support the group \"%s\"%s", version, visible(shown,
		    sizeof(shown), name, strlen(name)),
		    strcasestr(name, "MLKEM") != NULL &&
		    OPENSSL_version_major() == 3 &&
		    OPENSSL_version_minor() < 5 ?
		    "; ML-KEM groups require OpenSSL 3.5 or later" : "");
	}
	return tls_setting_failed(why, TLS_CAUSE_GROUPS, "%s does not accept "
	    "the list of groups \"%s\"; expected names, separated by colons, "
	    "each at most once, such as X25519:P-256", version,
	    visible(shown, sizeof(shown), list, strlen(list)));
}

bool
tls_groups_use(SSL_CTX *ctx, const char *list, struct failure *why)
{
	return SSL_CTX_set1_groups_list(ctx, list) == 1 ||
	    fail_groups(ctx, list, why);
}
