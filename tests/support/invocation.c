#include "support/invocation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/temp_dir.h"

enum { VARIABLES = 12 };

void
invocation_close_outputs(void *ctx)
{
	(void)ctx;
	close(1);
	close(2);
}

static void
run(const struct invocation *c, struct temp_dir *dir, uint16_t port,
    struct program_result *o)
{
	static char	 text[VARIABLES][160];
	const char	*env[VARIABLES + 1] = { NULL };
	const char	*home = temp_dir_path(dir, "home");
	struct {
		const char *name, *value;
	} set[] = {
		{ "RELAIS_SMARTHOST", "smtp://127.0.0.1" },
		{ "RELAIS_FROM", c->from != NULL ? c->from : "" },
		{ "RELAIS_ROOT", "admin@example.net" },
		{ "RELAIS_DOMAIN", "example.org" },
		{ "RELAIS_HELO", "client.example" },
		{ "RELAIS_ALIASES", temp_dir_write(dir, "aliases", 0600, "") },
		{ "RELAIS_QUEUE", "off" },
		{ "RELAIS_SOCKET", "off" },
		{ "RELAIS_LOG", "off" },
		{ "HOME", home },
		{ "TMPDIR", home },
		{ "PATH", "/usr/bin:/bin" },
	};

	for (size_t i = 0; i < VARIABLES; i++) {
		snprintf(text[i], sizeof(text[i]), "%s=%s", set[i].name,
		    set[i].value);
		env[i] = text[i];
	}
	snprintf(text[0], sizeof(text[0]), "%s=%s:%u", set[0].name,
	    set[0].value, port);
	program_run(o, &(struct program){ .argv = c->argv,
	    .path = BUILD "/sendmail", .env = env, .dir = home,
	    .input = c->from_file ? NULL : c->input,
	    .input_file = c->from_file ?
	    temp_dir_write(dir, "input", 0600, c->input) : NULL,
	    .prepare = c->prepare });
}

static const char *
own_address(char *to, size_t size)
{
	const struct passwd	*pw = getpwuid(getuid());

	if (pw != NULL)
		snprintf(to, size, "%s@example.org", pw->pw_name);
	else
		snprintf(to, size, "uid-%u@example.org", (unsigned)getuid());
	return to;
}

static void
envelope_is(const struct invocation *c, const struct heard_message *m)
{
	char	own[300];
	size_t	n = 0;

	assert_string_equal(m->reverse_path,
	    c->sender != NULL ? c->sender :
	    c->from != NULL ? c->from : own_address(own, sizeof(own)));
	for (; c->to[n] != NULL; n++) {
		if (n == m->n_rcpt)
			fail_msg("%s is missing", c->to[n]);
		assert_string_equal(m->rcpt[n].path, c->to[n]);
	}
	if (n < m->n_rcpt)
		fail_msg("unexpected recipient %s", m->rcpt[n].path);
	if (c->mail_says != NULL && !strstr(m->parameters, c->mail_says))
		fail_msg("parameters of MAIL: %s", m->parameters);
	if (c->rcpt_says != NULL &&
	    !strstr(m->rcpt[0].parameters, c->rcpt_says))
		fail_msg("parameters of RCPT: %s", m->rcpt[0].parameters);
}

/* The number of header lines that begin so; h begins with a line end. */
static unsigned
count(const char *header, const char *beginning)
{
	const char	*at = header;
	size_t		 n = strlen(beginning);
	unsigned	 found = 0;

	while ((at = strchr(at, '\n')) != NULL)
		found += strncasecmp(++at, beginning, n) == 0;
	return found;
}

static void
header_is(const struct invocation *c, const char *header)
{
	static const char *const	once[] = { "Date:", "Message-ID:",
					    "From:", "Subject:" };
	char				line[600];

	for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++)
		if (count(header, once[i]) != 1)
			fail_msg("not one %s in:\n%s", once[i], header);
	if (count(header, "To:") + count(header, "Cc:") == 0)
		fail_msg("no destination in:\n%s", header);
	if (count(header, "Bcc:") + count(header, "Resent-Bcc:") > 0)
		fail_msg("Bcc in:\n%s", header);
	for (size_t i = 0; c->fields != NULL && c->fields[i] != NULL; i++) {
		snprintf(line, sizeof(line), "\n%s\n", c->fields[i]);
		if (strstr(header, line) == NULL)
			fail_msg("no line \"%s\" in:\n%s", c->fields[i],
			    header);
	}
}

/* The message with '\n' as line end, after an empty line. */
static char *
lines_of(const struct heard_message *m, struct buffer *text)
{
	const char	*data = m->data.data;

	buffer_add_text(text, "\n");
	for (size_t i = 0; i < m->data.len; i++) {
		if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
			fail_msg("a bare LF in:\n%s", data);
		if (data[i] == '\r' && data[i + 1] != '\n')
			fail_msg("a bare CR in:\n%s", data);
		if (data[i] != '\r')
			buffer_add(text, data + i, 1);
	}
	return text->data;
}

static void
message_is(const struct invocation *c, const struct heard_message *m)
{
	struct buffer	 text = { 0 };
	char		*header = lines_of(m, &text);
	char		*body = strstr(header, "\n\n");

	if (strstr(header, "hidden.example") != NULL)
		fail_msg("the header contains a Bcc recipient:\n%s", header);
	if (body == NULL)
		fail_msg("no end of the header in:\n%s", header);
	assert_string_equal(body + 2, c->body);
	body[1] = '\0';
	header_is(c, header);
	buffer_free(&text);
}

void
invocation_arrives(const struct invocation *c)
{
	struct temp_dir			 dir;
	struct mock_smtp		*host;
	struct program_result		 o;
	const struct heard_message	*m;

	temp_dir_make(&dir);
	host = mock_smtp_start(&(struct script){ 0 });
	temp_dir_write(&dir, "home/.keep", 0600, "");
	run(c, &dir, host->port, &o);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	if (!c->talks)
		assert_string_equal(o.out.data, "");
	assert_int_equal(temp_dir_count(temp_dir_path(&dir, "home")), 1);
	assert_true(mock_smtp_wait_messages(host, 1));
	assert_int_equal(mock_smtp_messages(host), 1);
	m = mock_smtp_message(host, 0);
	envelope_is(c, m);
	message_is(c, m);
	program_result_free(&o);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}
