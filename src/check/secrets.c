#include <sys/stat.h>

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "check/local.h"
#include "check/login.h"
#include "util/buffer.h"
#include "util/text.h"
#include "util/trusted.h"

enum { KEY_FILE_MAX = 1024 * 1024, MEMBERS_SHOWN = 8 };

/* Adds the name, or counts it if enough names are shown. */
static void
add_member(struct buffer *list, unsigned *n, const char *name)
{
	if (strcmp(name, "root") == 0)
		return;
	if (++*n <= MEMBERS_SHOWN)
		buffer_addf(list, "%s%s", *n > 1 ? ", " : "", name);
}

/* Adds the users in the group; returns their number without root. */
static unsigned
add_members(struct buffer *list, gid_t gid, const struct group *gr)
{
	const struct passwd	*pw;
	FILE			*passwd = fopen("/etc/passwd", "re");
	unsigned		 n = 0;

	for (char **m = gr != NULL ? gr->gr_mem : NULL;
	    m != NULL && *m != NULL; m++)
		add_member(list, &n, *m);
	while (passwd != NULL && (pw = fgetpwent(passwd)) != NULL)
		if (pw->pw_gid == gid)
			add_member(list, &n, pw->pw_name);
	if (passwd != NULL)
		fclose(passwd);
	if (n > MEMBERS_SHOWN)
		buffer_addf(list, " and %u more", n - MEMBERS_SHOWN);
	return n;
}

/* "root and group mail (www-data, kim)" */
static void
add_readers(struct buffer *to, const struct stat *st)
{
	const struct passwd	*pw = getpwuid(st->st_uid);
	const struct group	*gr;
	struct buffer		 members = { 0 };
	unsigned		 n;

	buffer_addf(to, "root");
	if (st->st_uid != 0 && pw != NULL)
		buffer_addf(to, " and %s", pw->pw_name);
	else if (st->st_uid != 0)
		buffer_addf(to, " and uid %lu", (unsigned long)st->st_uid);
	if (!(st->st_mode & S_IRGRP))
		return;
	gr = getgrgid(st->st_gid);
	n = add_members(&members, st->st_gid, gr);
	if (st->st_gid != 0 || n > 0) {
		if (gr != NULL)
			buffer_addf(to, " and group %s", gr->gr_name);
		else
			buffer_addf(to, " and gid %lu",
			    (unsigned long)st->st_gid);
		buffer_addf(to, " (%s)", n > 0 ? members.data : "no users");
	}
	buffer_free(&members);
}

/* A file that every user can read, and that is used nevertheless. */
static void
report_exposed(struct check *c, struct check_finding *found, const char *what)
{
	struct buffer	remedy = { 0 };

	found->verdict = CHECK_WARNING;
	if (trusted_is_exposed(found->object)) {
		found->remedy = "configure the platform so that the file has "
		    "mode 0400 and belongs to the user who sends mail";
		check_report(c, found, "every user of this system or container "
		    "can read this %s, which is on a read-only mount", what);
		return;
	}
	buffer_addf(&remedy, "run: chmod o-rwx %s", found->object);
	found->remedy = remedy.data;
	check_report(c, found, "every user can read this %s", what);
	buffer_free(&remedy);
}

/* A readable file that other users cannot change. */
static void
report_readers(struct check *c, struct check_finding *found,
    const char *what)
{
	struct stat		st;
	struct buffer		readers = { 0 };
	char			mode[8], owner[32], group[32];
	const struct check_fact	facts[] = { { "mode", mode, NULL },
				    { "uid", owner, NULL },
				    { "gid", group, NULL } };

	if (stat(found->object, &st) == -1)
		return;
	snprintf(mode, sizeof(mode), "%04o", (unsigned)st.st_mode & 07777);
	snprintf(owner, sizeof(owner), "%lu", (unsigned long)st.st_uid);
	snprintf(group, sizeof(group), "%lu", (unsigned long)st.st_gid);
	found->facts = facts;
	found->n_facts = sizeof(facts) / sizeof(facts[0]);
	if (st.st_mode & S_IROTH) {
		report_exposed(c, found, what);
		return;
	}
	add_readers(&readers, &st);
	check_report(c, found, "only %s can read it", readers.data);
	buffer_free(&readers);
}

/* Characters that are rarely part of a password, which is not empty. */
static void
check_form(struct check *c, const struct check_finding *about,
    const char *password)
{
	struct check_finding	found = *about;
	size_t			len = strlen(password);
	char			first = password[0], last = password[len - 1];

	found.facts = NULL;
	found.n_facts = 0;
	found.verdict = CHECK_WARNING;
	if (strchr(password, '\n') != NULL) {
		found.remedy = "remove everything but the password";
		check_report(c, &found, "the file has several lines, and the "
		    "password consists of all of them");
		return;
	}
	if (len > 1 && first == last && (first == '"' || first == '\'')) {
		found.remedy = "remove the quotation marks, unless they are "
		    "part of the password";
		check_report(c, &found, "the password is sent with the "
		    "quotation marks around it");
		return;
	}
	if (strstr(password, " #") != NULL || strstr(password, "\t#") != NULL) {
		found.remedy = "remove the comment, unless it is part of the "
		    "password";
		check_report(c, &found, "the password is sent with the comment "
		    "after it");
		return;
	}
	found.remedy = "remove the blank, unless it is part of the password";
	if (text_is_blank(last) || last == '\r')
		check_report(c, &found, "the password ends with a blank");
	else if (text_is_blank(first))
		check_report(c, &found, "the password begins with a blank");
}

static const char *
file_remedy(const char *path, enum config_key key)
{
	struct stat	st;
	bool		is_other = stat(path, &st) == 0 &&
			    !S_ISREG(st.st_mode);

	if (key == KEY_PASSWORD_FILE)
		return is_other ? "write the password to a regular file, or "
		    "set password_command to a program that prints it" :
		    "write the password to this file, or correct "
		    "password_file";
	return is_other ? "write the password to a regular file" :
	    "write the password to this file, or correct "
	    "proxy_password_file";
}

static void
check_password_file(struct check *c, const struct setting *set,
    enum config_key key)
{
	struct check_finding	found = { .stage = CHECK_SECRETS,
				    .object = set->value,
				    .origin = set->origin };
	struct buffer		value = { 0 };
	struct failure		why;
	struct stat		st;

	if (trusted_read_value(&value, set->value, TRUSTED_SECRET, &st,
	    &why)) {
		report_readers(c, &found, "password");
		check_form(c, &found, value.data);
	} else {
		found.remedy = file_remedy(set->value, key);
		check_report_untrusted(c, &found, &why);
	}
	buffer_wipe(&value);
}

/* The file with the private key of a client certificate. */
static void
check_key(struct check *c, const struct setting *set, enum config_key key)
{
	struct check_finding	found = { .stage = CHECK_SECRETS,
				    .object = set->value,
				    .origin = set->origin };
	struct buffer		text = { 0 };
	struct failure		why;
	struct stat		st;

	(void)key;
	if (trusted_read(&text, set->value, KEY_FILE_MAX, 0, &st, &why) ==
	    TRUSTED_READ) {
		report_readers(c, &found, "private key");
	} else {
		found.remedy = "create this file, or correct its name in the "
		    "configuration";
		check_report_untrusted(c, &found, &why);
	}
	buffer_wipe(&text);
}

/* The configuration file that contains a password; others cannot read it. */
static void
check_password(struct check *c, const struct setting *set, enum config_key key)
{
	struct check_finding	found = { .stage = CHECK_SECRETS,
				    .origin = set->origin };
	struct buffer		path = { 0 };
	const char		*colon = strrchr(set->origin, ':');

	(void)key;
	if (colon != NULL) {
		buffer_add(&path, set->origin, (size_t)(colon - set->origin));
		found.object = path.data;
		report_readers(c, &found, "password");
	}
	check_form(c, &found, set->value);
	buffer_free(&path);
}

static const struct {
	enum config_key	key;
	void		(*check)(struct check *, const struct setting *,
			    enum config_key);
} files[] = {
	{ KEY_PASSWORD, check_password },
	{ KEY_PASSWORD_FILE, check_password_file },
	{ KEY_TOKEN, check_oauth_login },
	{ KEY_TLS_KEY, check_key },
	{ KEY_TLS_CERTIFICATE, check_key },	/* unless tls_key is set */
	{ KEY_PROXY_PASSWORD_FILE, check_password_file },
};

/* Whether an earlier section names the same file. */
static bool
is_repeated(const struct config *config, const struct section *s,
    enum config_key key)
{
	for (const struct section *o = config->first; o != s; o = o->next)
		if (o->setting[key] != NULL && strcmp(o->setting[key]->value,
		    s->setting[key]->value) == 0)
			return true;
	return false;
}

void
check_secrets(struct check *c)
{
	unsigned	before[CHECK_VERDICTS];

	memcpy(before, c->n, sizeof(before));
	for (const struct section *s = c->config->first; s != NULL;
	    s = s->next)
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			const struct setting *set = s->setting[files[i].key];

			if (set == NULL || is_repeated(c->config, s,
			    files[i].key) ||
			    (files[i].key == KEY_TLS_CERTIFICATE &&
			    (s->setting[KEY_TLS_KEY] != NULL ||
			    config_find(c->config, NULL, KEY_TLS_KEY) != NULL)))
				continue;
			files[i].check(c, set, files[i].key);
		}
	if (memcmp(before, c->n, sizeof(before)) == 0)
		check_report(c, &(struct check_finding){
		    .stage = CHECK_SECRETS }, "no file contains a password or "
		    "a private key");
}
