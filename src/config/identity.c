#include "config/identity.h"

#include <arpa/inet.h>

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mail/domain.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/text.h"

/* Removes a final dot, which does not change the meaning of a name. */
static void
cut_last_dot(char *name)
{
	size_t	len = strlen(name);

	if (len > 1 && name[len - 1] == '.')
		name[len - 1] = '\0';
}

static char *
host_name(void)
{
	char	name[256];
	size_t	len;

	if (gethostname(name, sizeof(name)) == -1)
		name[0] = '\0';
	name[sizeof(name) - 1] = '\0';
	cut_last_dot(name);
	len = strlen(name);
	return memory_copy(text_is_ascii(name, len) &&
	    text_is_host_name(name, len) ? name : "localhost");
}

/* Returns the first line of /etc/mailname, as on Debian, or NULL. */
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
	cut_last_dot(line);
	return domain_is_valid(line) ? memory_copy(line) : NULL;
}

/* Sets *origin to the place where the domain was found. */
static char *
find_domain(const struct config *config, const char *host, const char **origin)
{
	const struct setting	*domain_set = config_find(config, NULL,
				    KEY_DOMAIN);
	const struct setting	*from = config_find(config, NULL, KEY_FROM);
	const char		*domain;
	const char		*dot = strchr(host, '.');
	struct buffer		 literal = { 0 };
	struct in_addr		 address;
	char			*mailname;

	if (domain_set != NULL) {
		*origin = domain_set->origin;
		return memory_copy(domain_set->value);
	}
	*origin = "/etc/mailname";
	if ((mailname = mail_name()) != NULL)
		return mailname;
	*origin = "host name";
	/* "example.org" of "www.example.org", and of "example.org" itself. */
	domain = dot != NULL && strchr(dot + 1, '.') != NULL ? dot + 1 : host;
	if (dot != NULL && domain_is_valid(domain))
		return memory_copy(domain);
	if (from != NULL && strrchr(from->value, '@') != NULL) {
		char	*copy = memory_copy(strrchr(from->value, '@') + 1);

		*origin = from->origin;
		copy[strcspn(copy, "> ")] = '\0';
		return copy;
	}
	if (domain_is_valid(host))
		return memory_copy(host);
	if (inet_pton(AF_INET, host, &address) != 1)
		return memory_copy("localhost");
	buffer_addf(&literal, "[%s]", host);
	return buffer_take(&literal);
}

/*
 * Returns the name as an argument of EHLO, or NULL if it is not a domain.  The
 * name is converted to ASCII, because EHLO precedes the offer of SMTPUTF8
 * (RFC 6531 section 3.7.1).
 */
static char *
helo_of(const char *name)
{
	struct buffer	ascii = { 0 };
	struct failure	ignored;

	if (domain_to_ascii(&ascii, name, &ignored)) {
		cut_last_dot(ascii.data);
		if (domain_is_valid(ascii.data))
			return buffer_take(&ascii);
	}
	buffer_free(&ascii);
	return NULL;
}

char *
identity_helo(const struct identity *me, const struct config *config,
    const struct config_subject *subject)
{
	const char	*helo = config_text(config, subject, KEY_HELO);
	size_t		 host_len = strlen(me->host);
	size_t		 len = strlen(me->domain);

	if (helo != NULL)
		return helo[0] == '[' ? memory_copy(helo) : helo_of(helo);
	if (strchr(me->host, '.') != NULL && domain_is_valid(me->host))
		return memory_copy(me->host);
	/* The end of an invalid host name is not used. */
	if (strchr(me->domain, '.') == NULL || (len <= host_len &&
	    strcmp(me->host + host_len - len, me->domain) == 0))
		return NULL;
	return helo_of(me->domain);
}

/* Returns the text before the first comma; & is the capitalised login name. */
static char *
full_name(const struct passwd *pw)
{
	struct buffer	name = { 0 };
	char		first = pw->pw_name[0];

	if (first >= 'a' && first <= 'z')
		first += 'A' - 'a';
	for (const char *c = pw->pw_gecos; *c != '\0' && *c != ','; c++) {
		if (*c != '&') {
			buffer_add_byte(&name, *c);
			continue;
		}
		buffer_add_byte(&name, first);
		if (pw->pw_name[0] != '\0')
			buffer_add_text(&name, pw->pw_name + 1);
	}
	return buffer_take(&name);
}

/*
 * Returns the passwd entry of a user id, valid until the next call.
 * Reads /etc/passwd first, which contains most users: getpwuid(3) also loads
 * the name service, which takes twenty times as long.
 */
static const struct passwd *
passwd_entry(uid_t uid)
{
	FILE			*f = fopen("/etc/passwd", "re");
	const struct passwd	*pw = NULL;

	while (f != NULL && (pw = fgetpwent(f)) != NULL)
		if (pw->pw_uid == uid)
			break;
	if (f != NULL)
		fclose(f);
	return pw != NULL ? pw : getpwuid(uid);
}

void
identity_find_user(struct identity *me, const struct config *config,
    uid_t uid, const char *name)
{
	const struct passwd	*pw = passwd_entry(uid);
	const char		*origin;
	char			 number[32];

	me->host = host_name();
	me->domain = find_domain(config, me->host, &origin);
	me->domain_origin = memory_copy(origin);
	me->helo = identity_helo(me, config, NULL);
	snprintf(number, sizeof(number), "uid-%lu", (unsigned long)uid);
	me->user = memory_copy(pw != NULL && pw->pw_name[0] != '\0' ?
	    pw->pw_name : number);
	if (name != NULL && name[0] != '\0')
		me->name = memory_copy(name);
	else if (pw != NULL && pw->pw_gecos != NULL)
		me->name = full_name(pw);
	else
		me->name = memory_copy("");
}

void
identity_find(struct identity *me, const struct config *config)
{
	identity_find_user(me, config, getuid(), secure_getenv("NAME"));
}

void
identity_free(struct identity *me)
{
	free(me->host);
	free(me->domain);
	free(me->domain_origin);
	free(me->helo);
	free(me->user);
	free(me->name);
	*me = (struct identity){ 0 };
}
