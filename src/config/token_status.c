#include "config/token_status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/token_file.h"
#include "config/token_program.h"
#include "util/buffer.h"

enum { STATUS_MS = 10 * 1000 };

#define MEMBER(name) offsetof(struct token_status, name), \
	sizeof(((struct token_status *)NULL)->name)

static const struct {
	const char	*name;
	size_t		 at;
	size_t		 size;
	bool		 is_text;
} members[] = {
	{ "provider", MEMBER(provider), true },
	{ "account", MEMBER(account), true },
	{ "login_at", MEMBER(login_at), false },
	{ "renewed", MEMBER(renewed), false },
	{ "expires", MEMBER(expires), false },
	{ "trouble_at", MEMBER(trouble_at), false },
	{ "trouble", MEMBER(trouble), true },
};

/* A line "name value"; other names are from a newer version. */
static void
set_member(struct token_status *s, const char *line)
{
	size_t		 len = strcspn(line, " ");
	const char	*value = line + len + (line[len] == ' ');
	const char	*wrong;
	int64_t		 number;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		char	*member = (char *)s + members[i].at;

		if (strlen(members[i].name) != len ||
		    strncmp(line, members[i].name, len) != 0)
			continue;
		if (members[i].is_text) {
			strlcpy(member, value, members[i].size);
		} else {
			number = strtonum(value, 0, INT64_MAX, &wrong);
			memcpy(member, &number, sizeof(number));
		}
	}
}

bool
token_status_read(struct token_status *s, const char *name,
    struct failure *why)
{
	struct token_request	 request = { .command = "status",
				    .name = name };
	struct buffer		 output = { 0 };
	char			*next, *line;
	bool			 good;

	*s = (struct token_status){ .login_at = 0 };
	if (token_file_is_unreadable(name))
		return failed(why, EX_NOPERM, "this user has no permission to "
		    "read the login");
	good = token_program_run(&output, &request, STATUS_MS, -1, why);
	next = output.data;
	while (good && (line = strsep(&next, "\n")) != NULL)
		set_member(s, line);
	buffer_free(&output);
	return good;
}
