#include "import/import.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/memory.h"

const struct import_format import_formats[IMPORT_FORMATS] = {
	{ "ssmtp", "ssmtp.conf", "revaliases", "/etc/ssmtp/ssmtp.conf",
	    "mailhub", import_ssmtp },
	{ "msmtp", "msmtprc", "", "/etc/msmtprc", "host",
	    import_msmtp },
	{ "dma", "dma.conf", "auth.conf", "/etc/dma/dma.conf", "SMARTHOST",
	    import_dma },
	{ "nullmailer", "nullmailer", "", "/etc/nullmailer",
	    "remotes", import_nullmailer },
	{ "postfix", "main.cf", "sasl_passwd", "/etc/postfix/main.cf",
	    "relayhost", import_postfix },
	{ "exim", "update-exim4.conf.conf", "passwd.client",
	    "/etc/exim4/update-exim4.conf.conf", "dc_smarthost",
	    import_exim },
};

/* Returns the last component of a path; its length excludes final slashes. */
static const char *
base_name(const char *path, size_t *len)
{
	const char	*end = path + strlen(path);
	const char	*start;

	while (end > path + 1 && end[-1] == '/')
		end--;
	for (start = end; start > path && start[-1] != '/'; start--)
		;
	*len = (size_t)(end - start);
	return start;
}

static bool
is_named(const char *path, const char *name)
{
	size_t		 len;
	const char	*base = base_name(path, &len);

	if (*base == '.' && len > 1) {		/* .msmtprc */
		base++;
		len--;
	}
	return len > 0 && len == strlen(name) && strncmp(base, name, len) == 0;
}

/* Sets *main if the path is the main file, and not the companion. */
static const struct import_format *
format_of(const char **path, bool *main)
{
	const char	*colon = strchr(*path, ':');
	const char	*name;
	size_t		 len;

	*main = true;
	for (size_t i = 0; i < IMPORT_FORMATS; i++) {
		const struct import_format	*f = &import_formats[i];

		len = strlen(f->program);
		if (colon == *path + len && strncmp(*path, f->program,
		    len) == 0) {
			*path = colon + 1;
			return f;
		}
		if (is_named(*path, f->main))
			return f;
		if (is_named(*path, f->companion)) {
			*main = false;
			return f;
		}
	}
	/* ~/.config/msmtp/config and /etc/nullmailer/remotes */
	name = base_name(*path, &len);
	if (len == 6 && strncmp(name, "config", 6) == 0 &&
	    name - *path >= 6 && strncmp(name - 6, "msmtp/", 6) == 0)
		return &import_formats[1];
	if (len == 7 && strncmp(name, "remotes", 7) == 0)
		return &import_formats[3];
	return NULL;
}

const struct import_format *
import_choose(struct import *in, char *const *paths, int n, struct failure *why)
{
	const struct import_format	*chosen = NULL;

	for (int i = 0; i < n; i++) {
		const char			*path = paths[i];
		bool				 main;
		const struct import_format	*f = format_of(&path, &main);
		const char			**slot;

		if (f == NULL) {
			failed(why, EX_USAGE, "%s: unknown format; expected "
			    "ssmtp.conf, msmtprc, dma.conf, nullmailer, "
			    "main.cf or update-exim4.conf.conf, or "
			    "program:path, such as ssmtp:%s", path, path);
			return NULL;
		}
		slot = main ? &in->main : &in->companion;
		if (*slot != NULL || (chosen != NULL && chosen != f)) {
			failed(why, EX_USAGE, "%s: only the configuration of "
			    "one program can be imported at a time", path);
			return NULL;
		}
		*slot = path;
		chosen = f;
	}
	if (in->main == NULL) {
		failed(why, EX_USAGE, "%s: also name the main file%s%s",
		    n > 0 ? paths[0] : "import", chosen != NULL ? ", " : "",
		    chosen != NULL ? chosen->main : "");
		return NULL;
	}
	return chosen;
}

/* nullmailer also creates its directory without a list of servers. */
static bool
is_installed(const char *path)
{
	struct stat	st;

	return stat(path, &st) == 0 &&
	    (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

/* Adds a file in the home directory or XDG_CONFIG_HOME, if it exists. */
static void
add_user_file(struct buffer *found, unsigned *n, const char *variable,
    const char *name)
{
	const char	*directory = getenv(variable);
	struct buffer	 path = { 0 };

	if (*n > 0 || directory == NULL || directory[0] != '/' ||
	    geteuid() == 0)
		return;
	buffer_addf(&path, "%s/%s", directory, name);
	if (is_installed(path.data)) {
		buffer_add_text(found, path.data);
		++*n;
	}
	buffer_free(&path);
}

char *
import_find(const char *root, struct failure *why)
{
	struct buffer	found = { 0 }, path = { 0 };
	unsigned	n = 0;
	bool		own;

	/* The file of a user takes precedence, as in msmtp. */
	add_user_file(&found, &n, "HOME", ".msmtprc");
	add_user_file(&found, &n, "XDG_CONFIG_HOME", "msmtp/config");
	add_user_file(&found, &n, "HOME", ".config/msmtp/config");
	own = n > 0;
	for (size_t i = 0; i < IMPORT_FORMATS && !own; i++) {
		buffer_clear(&path);
		buffer_addf(&path, "%s%s", root, import_formats[i].installed);
		if (!is_installed(path.data))
			continue;
		if (n++ > 0)
			buffer_add_text(&found, ", ");
		buffer_add_text(&found, path.data);
	}
	buffer_free(&path);
	if (n == 1)
		return buffer_take(&found);
	if (n == 0)
		failed(why, EX_NOINPUT, "found no configuration of ssmtp, "
		    "msmtp, dma, nullmailer, Postfix or Exim (a purge of the "
		    "package deletes it): name a copy of the file, or "
		    "run \"relais setup\"");
	else
		failed(why, EX_USAGE, "found several configurations; name one "
		    "of them: %s", found.data);
	buffer_free(&found);
	return NULL;
}

char *
import_beside(const struct import *in, const char *name)
{
	const char	*slash = strrchr(in->main, '/');
	struct buffer	 path = { 0 };

	if (slash != NULL)
		buffer_add(&path, in->main, (size_t)(slash - in->main) + 1);
	buffer_add_text(&path, name);
	return buffer_take(&path);
}

/* Appends the first note about the setting to why: "# origin: key: text". */
static bool
add_note(const char *notes, const char *setting, struct failure *why)
{
	struct buffer	key = { 0 };
	const char	*at;

	buffer_addf(&key, ": %s: ", setting);
	at = notes != NULL ? strstr(notes, key.data) : NULL;
	buffer_free(&key);
	if (at == NULL)
		return false;
	while (at > notes && at[-1] != '\n')
		at--;
	failure_suffix(why, " (%.*s)", (int)strcspn(at + 2, "\n"), at + 2);
	return true;
}

bool
import_run(struct import *in, const struct import_format *f,
    struct failure *why)
{
	if (!f->run(in, why))
		return false;
	if (in->draft.top->setting[KEY_SMARTHOST] == NULL) {
		failed(why, EX_CONFIG, "%s: %s names no server that "
		    "relais can use as its smarthost", in->main,
		    f->server);
		if (!add_note(in->draft.notes.data, "smarthost", why))
			add_note(in->draft.notes.data, f->server, why);
		return false;
	}
	return draft_check(&in->draft, why);
}
