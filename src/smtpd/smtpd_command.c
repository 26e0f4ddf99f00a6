#include "smtpd/smtpd_command.h"

#include <errno.h>
#include <inttypes.h>
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
 * Returns the end of a path: its closing bracket or, without brackets, the next
 * blank; NULL if the closing bracket is missing.  In a quoted local part,
 * brackets and blanks are ordinary characters.
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

/* The commands that have a path, for their syntax errors. */
struct path_syntax {
	const char	*keyword;
	const char	*command;
	const char	*path;
};

static const struct path_syntax mail_syntax = { "FROM:", "MAIL", "sender" };
static const struct path_syntax rcpt_syntax = { "TO:", "RCPT", "recipient" };

/* Parses "FROM:<path>" or "TO:<path>" and moves *text past it. */
static bool
parse_path(struct address *address, char **text,
    const struct path_syntax *syntax, struct smtpd_reply *r)
{
	size_t		 n = strlen(syntax->keyword);
	char		*path = skip_blanks(*text);
	char		*end;
	bool		 bracket;
	struct failure	 why;

	if (strncasecmp(path, syntax->keyword, n) != 0)
		return smtpd_reply_set(r, 501, "5.5.2",
		    "Syntax: %s %s<address>", syntax->command,
		    syntax->keyword);
	path = skip_blanks(path + n);
	bracket = *path == '<';
	path += bracket;
	end = path_end(path, bracket);
	if (end == NULL || (!bracket && end == path))
		return smtpd_reply_set(r, 501, "5.1.7",
		    "Bad %s address syntax", syntax->path);
	if (!address_parse_path(address, path, (size_t)(end - path), &why))
		return smtpd_reply_set(r, 553, "5.1.3", "%s", why.text);
	*text = end + bracket;
	if (**text != '\0' && strchr(" \t", **text) == NULL) {
		address_free(address);
		return smtpd_reply_set(r, 501, "5.5.2",
		    "Syntax: %s %s<address>", syntax->command,
		    syntax->keyword);
	}
	return true;
}

/*
 * Returns the key of the next parameter KEY=value, or NULL after the last one.
 * *value is "" if the parameter has no value.
 */
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
unsupported_parameter(const char *key, struct smtpd_reply *r)
{
	char	shown[80];

	return smtpd_reply_set(r, 555, "5.5.4", "Unsupported option: %s",
	    visible(shown, sizeof(shown), key, strlen(key)));
}

static bool
invalid_value(const char *key, struct smtpd_reply *r)
{
	return smtpd_reply_set(r, 501, "5.5.4", "Error: invalid value for %s",
	    key);
}

static bool
parse_size(uint64_t *size, const char *value)
{
	char	*end;

	if (value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	*size = (uint64_t)strtoimax(value, &end, 10);
	return *end == '\0' && errno == 0;
}

/* A parameter must not be repeated. */
static bool
parse_xtext(char **to, const char *value, bool (*is_valid)(const char *))
{
	if (*to != NULL || !is_valid(value))
		return false;
	*to = memory_copy(value);
	return true;
}

static bool
parse_mail_parameter(struct smtpd_mail *m, const char *key,
    const char *value, struct smtpd_reply *r)
{
	bool	valid;

	if (strcasecmp(key, "SIZE") == 0)
		valid = parse_size(&m->size, value);
	else if (strcasecmp(key, "BODY") == 0)
		valid = strcasecmp(value, "7BIT") == 0 ||
		    strcasecmp(value, "8BITMIME") == 0;
	else if (strcasecmp(key, "RET") == 0)
		valid = dsn_parse_return(&m->ret, value);
	else if (strcasecmp(key, "ENVID") == 0)
		valid = parse_xtext(&m->envid, value, dsn_is_envid);
	else if (strcasecmp(key, "SMTPUTF8") == 0)
		valid = value[0] == '\0';
	else if (strcasecmp(key, "REQUIRETLS") == 0)
		valid = m->requiretls = value[0] == '\0';
	else if (strcasecmp(key, "AUTH") == 0)
		valid = true;	/* ignored: the client is not trusted */
	else
		return unsupported_parameter(key, r);
	return valid || invalid_value(key, r);
}

bool
smtpd_mail_parse(struct smtpd_mail *m, char *text, struct smtpd_reply *r)
{
	char	*key, *value;

	*m = (struct smtpd_mail){ 0 };
	if (!parse_path(&m->sender, &text, &mail_syntax, r))
		return false;
	while ((key = next_parameter(&text, &value)) != NULL)
		if (!parse_mail_parameter(m, key, value, r)) {
			smtpd_mail_free(m);
			return false;
		}
	return true;
}

static bool
parse_rcpt_parameter(struct smtpd_rcpt *rcpt, const char *key,
    const char *value, struct smtpd_reply *r)
{
	bool	valid;

	if (strcasecmp(key, "NOTIFY") == 0)
		valid = dsn_parse_notify(&rcpt->notify, value);
	else if (strcasecmp(key, "ORCPT") == 0)
		valid = parse_xtext(&rcpt->orcpt, value, dsn_is_orcpt);
	else
		return unsupported_parameter(key, r);
	return valid || invalid_value(key, r);
}

bool
smtpd_rcpt_parse(struct smtpd_rcpt *rcpt, char *text, struct smtpd_reply *r)
{
	const struct address	*a = &rcpt->recipient;
	char			*key, *value;
	bool			 good = true;

	*rcpt = (struct smtpd_rcpt){ 0 };
	if (!parse_path(&rcpt->recipient, &text, &rcpt_syntax, r))
		return false;
	/* Other mailers run "|..." as a program and append to a file "/...". */
	if (a->local[0] == '\0' ||
	    (address_is_bare(a) && strchr("|/", a->local[0]) != NULL))
		good = smtpd_reply_set(r, 553, "5.1.3",
		    "Error: recipient is not a mailbox");
	while (good && (key = next_parameter(&text, &value)) != NULL)
		good = parse_rcpt_parameter(rcpt, key, value, r);
	if (!good)
		smtpd_rcpt_free(rcpt);
	return good;
}

void
smtpd_mail_free(struct smtpd_mail *m)
{
	address_free(&m->sender);
	free(m->envid);
	*m = (struct smtpd_mail){ 0 };
}

void
smtpd_rcpt_free(struct smtpd_rcpt *rcpt)
{
	address_free(&rcpt->recipient);
	free(rcpt->orcpt);
	*rcpt = (struct smtpd_rcpt){ 0 };
}

bool
smtpd_bdat_parse(char *text, uint64_t *size, bool *last)
{
	char		*word = text + strcspn(text, " \t");
	const char	*wrong;

	*last = false;
	if (*word != '\0') {
		*word++ = '\0';
		if (strcasecmp(skip_blanks(word), "LAST") != 0)
			return false;
		*last = true;
	}
	if (text[0] < '0' || text[0] > '9')
		return false;
	*size = (uint64_t)strtonum(text, 0, INT64_MAX, &wrong);
	return wrong == NULL;
}
