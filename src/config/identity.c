#include "config/identity.h"

#include <ctype.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mail/domain.h"
#include "util/buffer.h"
#include "util/memory.h"

/* A name that may stand in EHLO and behind an @: nothing but host letters. */
static bool
is_host_name(const char *name)
{
	if (name[0] == '\0' || name[0] == '.' || strlen(name) > 255)
		return false;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && *name != '.' &&
		    *name != '-' && *name != '_')
			return false;
	return true;
}

static char *
host_name(void)
{
	char	name[256];

	if (gethostname(name, sizeof(name)) == -1)
		name[0] = '\0';
	name[sizeof(name) - 1] = '\0';
	return memory_copy(is_host_name(name) ? name : "localhost");
}

/* The first line of /etc/mailname, which Debian keeps for this, or NULL. */
static char *
mail_name(void)
{
	char	line[258];
	int	fd = open("/etc/mailname", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t	n;

	if (fd == -1)
		return NULL;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	line[n] = '\0';
	line[strcspn(line, " \t\r\n")] = '\0';
	return is_host_name(line) ? memory_copy(line) : NULL;
}

/* "example.org" of "www.example.org", and of "example.org" itself. */
static const char *
domain_of_host(const char *host)
{
	const char	*dot = strchr(host, '.');

	if (dot == NULL)
		return NULL;
	return strchr(dot + 1, '.') != NULL ? dot + 1 : host;
}

static char *
find_domain(const struct config *config, const char *host)
{
	const char	*domain = config_text(config, NULL, KEY_DOMAIN);
	const char	*from = config_text(config, NULL, KEY_FROM);
	char		*mailname;

	if (domain != NULL)
		return memory_copy(domain);
	if ((mailname = mail_name()) != NULL)
		return mailname;
	if ((domain = domain_of_host(host)) != NULL)
		return memory_copy(domain);
	if (from != NULL && strrchr(from, '@') != NULL) {
		char	*copy = memory_copy(strrchr(from, '@') + 1);

		copy[strcspn(copy, "> ")] = '\0';
		return copy;
	}
	return memory_copy(host);
}

/* EHLO is said before anybody knows of SMTPUTF8 (RFC 6531 section 3.7.1). */
static char *
in_ascii(const char *name)
{
	struct buffer	ascii = { 0 };
	struct failure	ignored;

	return domain_to_ascii(&ascii, name, &ignored) ? buffer_take(&ascii) :
	    NULL;
}

static char *
find_helo(const struct config *config, const struct identity *me)
{
	const char	*helo = config_text(config, NULL, KEY_HELO);

	if (helo != NULL)
		return in_ascii(helo);
	if (strchr(me->host, '.') != NULL)
		return in_ascii(me->host);
	if (strchr(me->domain, '.') != NULL)
		return in_ascii(me->domain);
	return NULL;
}

/* Up to the first comma; & is the login name, capitalised (passwd(5)). */
static char *
full_name(const struct passwd *pw)
{
	struct buffer	name = { 0 };

	for (const char *c = pw->pw_gecos; *c != '\0' && *c != ','; c++) {
		if (*c != '&') {
			buffer_add_byte(&name, *c);
			continue;
		}
		buffer_add_byte(&name,
		    (char)toupper((unsigned char)pw->pw_name[0]));
		if (pw->pw_name[0] != '\0')
			buffer_add_text(&name, pw->pw_name + 1);
	}
	return buffer_take(&name);
}

/*
 * The file first, where nearly everybody stands: what getpwuid() reads to
 * find out whom to ask is twenty times as long.  Good until the next call.
 */
static const struct passwd *
own_entry(void)
{
	FILE			*f = fopen("/etc/passwd", "re");
	const struct passwd	*pw = NULL;

	while (f != NULL && (pw = fgetpwent(f)) != NULL)
		if (pw->pw_uid == getuid())
			break;
	if (f != NULL)
		fclose(f);
	return pw != NULL ? pw : getpwuid(getuid());
}

void
identity_find(struct identity *me, const struct config *config)
{
	const struct passwd	*pw = own_entry();
	const char		*name = secure_getenv("NAME");
	char			 nobody[32];

	me->host = host_name();
	me->domain = find_domain(config, me->host);
	me->helo = find_helo(config, me);
	snprintf(nobody, sizeof(nobody), "uid-%lu", (unsigned long)getuid());
	me->user = memory_copy(pw != NULL && pw->pw_name[0] != '\0' ?
	    pw->pw_name : nobody);
	if (name != NULL && name[0] != '\0')
		me->name = memory_copy(name);
	else if (pw != NULL && pw->pw_gecos != NULL)
		me->name = full_name(pw);
	else
		me->name = memory_copy("");
}

void
identity_free(struct identity *me)
{
	free(me->host);
	free(me->domain);
	free(me->helo);
	free(me->user);
	free(me->name);
	*me = (struct identity){ 0 };
}
