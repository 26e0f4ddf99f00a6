/*
 * AUTH (RFC 4954): PLAIN and LOGIN; other mechanisms call the script's hook.
 */
#include "support/mock_session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util/base64.h"
#include "util/buffer.h"
#include "util/memory.h"

struct credentials {
	struct buffer	authorize_as, user, password;
};

static void
credentials_free(struct credentials *c)
{
	buffer_free(&c->authorize_as);
	buffer_free(&c->user);
	buffer_free(&c->password);
}

static const char *
text_of(const struct buffer *b)
{
	return b->data != NULL ? b->data : "";
}

static void
tell(const struct mock_session *d, const char *mechanism,
    const struct credentials *c)
{
	struct buffer	facts = { 0 };

	buffer_addf(&facts, "%s%c%s%c%s%c%s", mechanism, 0,
	    text_of(&c->authorize_as), 0, text_of(&c->user), 0,
	    text_of(&c->password));
	mock_conn_event(d->conn, EVENT_AUTH, 0, 0, facts.data, facts.len);
	buffer_free(&facts);
}

static const char *
verdict(const struct script *s, const struct credentials *c)
{
	if (s->user != NULL && strcmp(text_of(&c->user), s->user) == 0 &&
	    strcmp(text_of(&c->password),
	    s->password != NULL ? s->password : "") == 0)
		return "235 2.7.0 Authentication succeeded";
	return "535 5.7.8 Authentication credentials invalid";
}

/* "=" means an empty initial response. */
static bool
decode(struct buffer *to, const char *line)
{
	buffer_clear(to);
	return strcmp(line, "=") == 0 ||
	    base64_decode(to, line, strlen(line));
}

/* RFC 4616: authorize-as NUL user NUL password. */
static const char *
plain(const struct mock_session *d, struct credentials *c, const char *line,
    unsigned round)
{
	struct buffer	 all = { 0 };
	const char	*user, *password;

	if (line == NULL && round == 0)
		return "334 ";
	if (!decode(&all, line) || all.len == 0 ||
	    (user = memchr(all.data, 0, all.len)) == NULL ||
	    (password = memchr(user + 1, 0,
	    all.len - (size_t)(user + 1 - all.data))) == NULL) {
		buffer_free(&all);
		return "501 5.5.2 Cannot decode response";
	}
	buffer_add_text(&c->authorize_as, all.data);
	buffer_add_text(&c->user, user + 1);
	buffer_add(&c->password, password + 1,
	    all.len - (size_t)(password + 1 - all.data));
	buffer_free(&all);
	return verdict(d->conn->script, c);
}

/* The user may be in the AUTH line; the prompts are "Username:" ... */
static const char *
login(const struct mock_session *d, struct credentials *c, const char *line)
{
	if (line == NULL)
		return "334 VXNlcm5hbWU6";
	if (c->user.data == NULL) {
		buffer_add_text(&c->user, "");
		if (!decode(&c->user, line))
			return "501 5.5.2 Cannot decode user";
		return "334 UGFzc3dvcmQ6";
	}
	if (!decode(&c->password, line))
		return "501 5.5.2 Cannot decode password";
	return verdict(d->conn->script, c);
}

static const char *
respond(const struct mock_session *d, struct auth_exchange *x,
    struct credentials *c, const char *line)
{
	const struct script	*s = d->conn->script;

	if (x->round > 0 && line != NULL && strcmp(line, "*") == 0)
		return "501 5.7.0 Authentication cancelled";
	if (strcmp(x->mechanism, "PLAIN") == 0)
		return plain(d, c, line, x->round);
	if (strcmp(x->mechanism, "LOGIN") == 0)
		return login(d, c, line);
	if (s->auth == NULL)
		return "504 5.5.4 Unrecognized authentication type";
	s->auth(x, line);
	buffer_clear(&c->user);
	buffer_add_text(&c->user, x->user);
	return x->reply;
}

/* Runs the exchange; line is the AUTH command. */
static void
exchange(struct mock_session *d, struct auth_exchange *x, struct credentials *c,
    const char *line, const char *initial)
{
	enum stage	 at = ON_AUTH;
	const char	*response = initial;
	char		*next;

	for (;;) {
		const char	*reply = respond(d, x, c, response);

		tell(d, x->mechanism, c);
		if (!mock_session_answer(d, at, line, reply) || d->code != 334)
			return;
		if (!mock_session_line(d, &next)) {
			d->over = true;
			return;
		}
		at = ON_AUTH_LINE;
		mock_conn_event(d->conn, EVENT_COMMAND, at, 0, next,
		    strlen(next));
		x->round++;
		line = response = next;
	}
}

void
mock_session_auth(struct mock_session *d, const char *line, const char *args)
{
	struct auth_exchange	*x = memory_new(1, sizeof(*x));
	struct credentials	 c = { { 0 }, { 0 }, { 0 } };
	/* Copies, because the next read overwrites the line. */
	char			*command = memory_copy(line);
	char			*mechanism = memory_copy(args);
	char			*initial = strchr(mechanism, ' ');

	if (initial != NULL)
		*initial++ = '\0';
	for (char *p = mechanism; *p != '\0'; p++)
		*p = (char)toupper((unsigned char)*p);
	x->mechanism = mechanism;
	x->ctx = d->conn->script->auth_ctx;
	x->tls = d->conn->ssl;
	exchange(d, x, &c, command, initial);
	if (!d->over && d->code / 100 == 2) {
		d->authenticated = true;
		mock_conn_event(d->conn, EVENT_AUTHENTICATED, 0, 0, NULL, 0);
	}
	credentials_free(&c);
	free(mechanism);
	free(command);
	free(x);
}
