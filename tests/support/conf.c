#include "support/conf.h"

#include <string.h>

/* Whether a line above the first section sets this key. */
static bool
sets(const char *lines, const char *key)
{
	size_t	n = strlen(key);

	while (lines != NULL && *lines != '\0' && *lines != '[') {
		if (strncmp(lines, key, n) == 0 &&
		    strchr(" \t=", lines[n]) != NULL)
			return true;
		lines += strcspn(lines, "\n");
		lines += *lines == '\n';
	}
	return false;
}

static void
add_smarthost(struct buffer *out, const struct mock_smtp *host,
    const char *scheme)
{
	if (host->port == 0)
		buffer_addf(out, "smarthost = %s://%s\n", scheme,
		    host->address);
	else if (strchr(host->address, ':') != NULL)
		buffer_addf(out, "smarthost = %s://[%s]:%u\n", scheme,
		    host->address, host->port);
	else
		buffer_addf(out, "smarthost = %s://%s:%u\n", scheme,
		    host->address, host->port);
}

/* "key =" removes the default line; a value may end in "=", too. */
static void
add_lines(struct buffer *out, const char *lines)
{
	while (*lines != '\0') {
		size_t	len = strcspn(lines, "\n");
		size_t	equals = strcspn(lines, "=\n");

		if (lines[equals] != '=' || equals + 1 < len)
			buffer_add(out, lines, len + (lines[len] == '\n'));
		lines += len + (lines[len] == '\n');
	}
}

const char *
conf_write(struct temp_dir *dir, const struct mock_smtp *host,
    const char *scheme, const char *more)
{
	const struct {
		const char *key, *value;
	} usual[] = {
		{ "helo", "client.example" },
		{ "domain", "example.org" },
		{ "aliases", temp_dir_write(dir, "aliases", 0600, "") },
		{ "queue", "off" },
		{ "socket", "off" },
		{ "log", "off" },
	};
	struct buffer	 out = { 0 };
	const char	*path;

	if (host != NULL && !sets(more, "smarthost"))
		add_smarthost(&out, host, scheme);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!sets(more, usual[i].key))
			buffer_addf(&out, "%s = %s\n", usual[i].key,
			    usual[i].value);
	if (more != NULL)
		add_lines(&out, more);
	path = temp_dir_write(dir, "relais.conf", 0600, out.data);
	buffer_free(&out);
	return path;
}
