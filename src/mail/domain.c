#include "mail/domain.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/text.h"
#include "util/unicode_library.h"
#include "util/visible.h"

enum { LABEL_MAX = 63, DOMAIN_MAX = 255 };

/* From idn2.h; they are part of the ABI. */
enum { NFC_INPUT = 1, NONTRANSITIONAL = 8 };
typedef int	to_ascii_8z(const char *, char **, int);

static bool
is_label(const char *label, size_t len)
{
	if (len == 0 || len > LABEL_MAX || label[0] == '-' ||
	    label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)label[i]) && label[i] != '-')
			return false;
	return true;
}

bool
domain_is_valid(const char *name)
{
	const char	*label = name;
	size_t		 len = strcspn(label, ".");

	while (label[len] == '.') {
		if (!is_label(label, len))
			return false;
		label += len + 1;
		len = strcspn(label, ".");
	}
	return is_label(label, len) && strspn(label, "0123456789") < len &&
	    strlen(name) <= DOMAIN_MAX;
}

static bool
convert_domain(struct buffer *to, to_ascii_8z *to_ascii, const char *domain,
    struct failure *why)
{
	char	 shown[300];
	char	*ascii = NULL;
	bool	 good;

	/* The result is used in SMTP commands, so it is checked. */
	good = to_ascii(domain, &ascii, NFC_INPUT | NONTRANSITIONAL) == 0 &&
	    text_is_ascii(ascii, strlen(ascii)) &&
	    text_is_host_name(ascii, strlen(ascii));
	if (good)
		buffer_add_text(to, ascii);
	free(ascii);
	return good || failed(why, EX_DATAERR, "invalid domain '%s': it has no "
	    "ASCII form", visible(shown, sizeof(shown), domain,
	    strlen(domain)));
}

bool
domain_to_ascii(struct buffer *to, const char *domain, struct failure *why)
{
	to_ascii_8z	*to_ascii = NULL;
	void		*library;

	if (text_is_ascii(domain, strlen(domain))) {
		buffer_add_text(to, domain);
		return true;
	}
	library = unicode_library_idn();
	if (library != NULL)
		*(void **)&to_ascii = dlsym(library, "idn2_to_ascii_8z");
	if (to_ascii == NULL)
		return failed(why, EX_UNAVAILABLE, "a domain that is not ASCII "
		    "requires the library libidn2, %s",
		    unicode_library_lack());
	return convert_domain(to, to_ascii, domain, why);
}

/* A quoted local part may contain an @; the last one precedes the domain. */
static const char *
domain_of(const char *path)
{
	const char	*at = strrchr(path, '@');

	return at != NULL ? at + 1 : path + strlen(path);
}

bool
path_needs_utf8(const char *path)
{
	return !text_is_ascii(path, (size_t)(domain_of(path) - path));
}

bool
path_to_ascii(struct buffer *to, const char *path, struct failure *why)
{
	const char	*domain = domain_of(path);
	size_t		 before = to->len;

	buffer_add(to, path, (size_t)(domain - path));
	if (domain_to_ascii(to, domain, why))
		return true;
	to->len = before;
	return false;
}
