#include "smtpd/smtpd_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/dsn.h"
#include "util/memory.h"
#include "util/visible.h"

static char *
skip_blanks(char *text)
{
	return text + strspn(text, " \t");
}

/*
 * The octets of a path at text, to its closing bracket or, without brackets,
 * to the next blank; NULL if the bracket is missing.  A quoted local part
 * may hold either.
 */
static char *
path_end(char *text, bool bracket)
{
	bool	quoted = false;

	for (; *text != '\0'; text++) {
		if (*text == '\\' && quoted && text[1] != '\0')
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && (bracket ? *text == '>' :
		    strchr(" \t", *text) != NULL))
			return text;
	}
	return bracket ? NULL : text;
}

/* "FROM:<path>": the address, and what follows it. */
static bool
take_path(struct address *address, char **text, const char *keyword,
    struct answer *a)
{
	size_t		 n = strlen(keyword);
	char		*path = skip_blanks(*text);
	char		*end;
	bool		 bracket;
	struct failure	 why;

	if (strncasecmp(path, keyword, n) != 0)
		return answer_set(a, 501, "5.5.2", "%s<address> is wanted",
		    keyword);
	path = skip_blanks(path + n);
	bracket = *path == '<';
	path += bracket;
	end = path_end(path, bracket);
	if (end == NULL || (!bracket && end == path))
		return answer_set(a, 501, "5.1.7", "no address in <>");
	if (!address_parse_path(address, path, (size_t)(end - path), &why))
		return answer_set(a, 553, "5.1.3", "%s", why.text);
	*text = end + bracket;
	if (**text != '\0' && strchr(" \t", **text) == NULL) {
		address_free(address);
		return answer_set(a, 501, "5.5.2",
		    "a blank is wanted behind the address");
	}
	return true;
}

/* Cuts the next KEY=value off; *value is "" without one. NULL: no more. */
static char *
next_parameter(char **text, char **value)
{
	char	*key = skip_blanks(*text);
	char	*end = key + strcspn(key, " \t");

	if (*key == '\0')
		return NULL;
	*text = *end != '\0' ? end + 1 : end;
	*end = '\0';
	*value = key + strcspn(key, "=");
	if (**value == '=')
		*(*value)++ = '\0';
	return key;
}

static bool
unknown_parameter(const char *key, struct answer *a)
{
	char	shown[80];

	return answer_set(a, 555, "5.5.4", "parameter %s is not known",
	    visible(shown, sizeof(shown), key, strlen(key)));
}

static bool
bad_value(const char *key, struct answer *a)
{
	return answer_set(a, 501, "5.5.4", "bad value behind %s=", key);
}

static bool
take_size(struct mail_command *m, const char *value)
{
	char	*end;

	if (value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	m->size = strtoull(value, &end, 10);
	return *end == '\0' && errno == 0;
}

static bool
is_body_type(const char *value)
{
	return strcasecmp(value, "7BIT") == 0 ||
	    strcasecmp(value, "8BITMIME") == 0;
}

/* The second one of its kind is as bad as a wrong one. */
static bool
take_xtext(char **to, const char *value, bool (*is_good)(const char *))
{
	if (*to != NULL || !is_good(value))
		return false;
	*to = memory_copy(value);
	return true;
}

static bool
take_mail_parameter(struct mail_command *m, const char *key,
    const char *value, struct answer *a)
{
	bool	good;

	if (strcasecmp(key, "SIZE") == 0)
		good = take_size(m, value);
	else if (strcasecmp(key, "BODY") == 0)
		good = is_body_type(value);
	else if (strcasecmp(key, "RET") == 0)
		good = dsn_parse_return(&m->ret, value);
	else if (strcasecmp(key, "ENVID") == 0)
		good = take_xtext(&m->envid, value, dsn_is_envid);
	else if (strcasecmp(key, "SMTPUTF8") == 0)
		good = value[0] == '\0';
	else if (strcasecmp(key, "AUTH") == 0)
		good = true;	/* whom we believe is not the client's say */
	else
		return unknown_parameter(key, a);
	return good || bad_value(key, a);
}

bool
mail_command_parse(struct mail_command *m, char *text, struct answer *a)
{
	char	*key, *value;

	*m = (struct mail_command){ 0 };
	if (!take_path(&m->sender, &text, "FROM:", a))
		return false;
	while ((key = next_parameter(&text, &value)) != NULL)
		if (!take_mail_parameter(m, key, value, a)) {
			mail_command_free(m);
			return false;
		}
	return true;
}

static bool
take_rcpt_parameter(struct rcpt_command *r, const char *key,
    const char *value, struct answer *a)
{
	bool	good;

	if (strcasecmp(key, "NOTIFY") == 0)
		good = dsn_parse_notify(&r->notify, value);
	else if (strcasecmp(key, "ORCPT") == 0)
		good = take_xtext(&r->orcpt, value, dsn_is_orcpt);
	else
		return unknown_parameter(key, a);
	return good || bad_value(key, a);
}

/* What other mailers take for a program or a file is nobody's address. */
static bool
is_no_mailbox(const struct address *a)
{
	return a->local[0] == '\0' ||
	    (address_is_bare(a) && strchr("|/", a->local[0]) != NULL);
}

bool
rcpt_command_parse(struct rcpt_command *r, char *text, struct answer *a)
{
	char	*key, *value;
	bool	 good = true;

	*r = (struct rcpt_command){ 0 };
	if (!take_path(&r->recipient, &text, "TO:", a))
		return false;
	if (is_no_mailbox(&r->recipient))
		good = answer_set(a, 553, "5.1.3", "this is no mailbox");
	while (good && (key = next_parameter(&text, &value)) != NULL)
		good = take_rcpt_parameter(r, key, value, a);
	if (!good)
		rcpt_command_free(r);
	return good;
}

void
mail_command_free(struct mail_command *m)
{
	address_free(&m->sender);
	free(m->envid);
	*m = (struct mail_command){ 0 };
}

void
rcpt_command_free(struct rcpt_command *r)
{
	address_free(&r->recipient);
	free(r->orcpt);
	*r = (struct rcpt_command){ 0 };
}
