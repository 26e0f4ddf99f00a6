#include "support/stand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/conf.h"
#include "util/base64.h"
#include "util/memory.h"

static const char	message[] = "Subject: x\n\nhi\n";

void
stand_begin(struct stand *s)
{
	*s = (struct stand){ .host = NULL };
	folder_make(&s->folder);
	certificate_usual(&s->usual, &s->folder);
}

/* The replacement for {word} at *at, or NULL; *len is the length to skip. */
static const char *
meaning(const struct stand *s, const char *port, const char *at, size_t *len)
{
	const struct {
		const char	*name, *value;
	} words[] = {
		{ "{ca}", s->usual.ca },
		{ "{hashed}", s->usual.hashed },
		{ "{pin}", s->usual.pin },
		{ "{chain}", s->usual.chain },
		{ "{key}", s->usual.key },
		{ "{folder}", s->folder.path },
		{ "{port}", port },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*len = strlen(words[i].name);
		if (strncmp(at, words[i].name, *len) == 0)
			return words[i].value;
	}
	*len = 1;
	return NULL;
}

static void
fill_in(const struct stand *s, const char *text, struct buffer *out)
{
	char	port[8];

	snprintf(port, sizeof(port), "%u", s->host->port);
	for (size_t len; *text != '\0'; text += len) {
		const char	*word = meaning(s, port, text, &len);

		if (word != NULL)
			buffer_add_text(out, word);
		else
			buffer_add_byte(out, *text);
	}
}

void
stand_open(struct stand *s, const struct script *script, const char *scheme,
    const char *more)
{
	struct script	whole = *script;
	struct buffer	lines = { 0 };

	if (s->folder.path[0] == '\0')
		stand_begin(s);
	if (whole.security != IN_CLEAR && whole.certificate == NULL) {
		whole.certificate = s->usual.chain;
		whole.key = s->usual.key;
	}
	s->host = smarthost_start(&whole);
	fill_in(s, more != NULL ? more : "", &lines);
	s->conf = memory_copy(conf_write(&s->folder, s->host, scheme,
	    lines.data != NULL ? lines.data : ""));
	buffer_wipe(&lines);
}

struct program
stand_program(struct stand *s)
{
	static const char	*argv[] = { "relais", "-C", NULL, "-v",
				    "a@example.net", NULL };

	argv[2] = s->conf;
	return (struct program){ .argv = argv, .input = message };
}

void
stand_send(struct stand *s)
{
	struct program	p = stand_program(s);

	outcome_free(&s->o);
	program_run(&s->o, &p);
}

void
stand_said(const struct stand *s, const char *words)
{
	if (words != NULL && strstr(s->o.err.data, words) == NULL)
		fail_msg("not said: \"%s\", but: %s", words, s->o.err.data);
}

static void
add_hex(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++)
		buffer_addf(out, "%02x", (unsigned char)*text);
}

static bool
holds(const void *data, size_t len, const char *text, size_t text_len)
{
	return len > 0 && memmem(data, len, text, text_len) != NULL;
}

/* Base64 depends on the offset of the text in its groups of three. */
static bool
holds_base64(const void *data, size_t len, const char *text)
{
	bool	found = false;

	for (size_t shift = 0; shift < 3 && !found; shift++) {
		struct buffer	coded = { 0 };
		size_t		n = strlen(text) - shift;

		base64_encode(&coded, text + shift, n - n % 3);
		found = holds(data, len, coded.data, coded.len);
		buffer_free(&coded);
	}
	return found;
}

bool
stand_shows_password(const void *data, size_t len)
{
	struct buffer	hex = { 0 };
	bool		found;

	add_hex(&hex, STAND_PASSWORD);
	found = holds(data, len, STAND_PASSWORD, strlen(STAND_PASSWORD)) ||
	    holds(data, len, hex.data, hex.len) ||
	    holds_base64(data, len, STAND_PASSWORD);
	buffer_free(&hex);
	return found;
}

/* The number of commands before TLS. */
static size_t
clear_commands(const struct heard *h)
{
	if (h->tls == NULL)
		return h->n_commands;
	for (size_t i = 0; i < h->n_commands; i++)
		if (h->command[i].stage == ON_STARTTLS)
			return i;
	return 0;
}

static void
connection_kept_secret(const struct heard *h)
{
	for (size_t i = 0; i < clear_commands(h); i++) {
		const char	*line = h->command[i].line;

		if (strncasecmp(line, "AUTH", 4) == 0 ||
		    strncasecmp(line, "MAIL", 4) == 0)
			fail_msg("said in clear: %s", line);
	}
	if (h->tls == NULL)
		assert_false(stand_shows_password(h->wire.data, h->wire.len));
}

void
stand_kept_secret(struct stand *s)
{
	size_t	n = smarthost_connections(s->host);

	assert_true(smarthost_wait_closed(s->host, n));
	for (size_t i = 0; i < n; i++)
		connection_kept_secret(smarthost_heard(s->host, i));
	assert_false(stand_shows_password(s->o.out.data, s->o.out.len));
	assert_false(stand_shows_password(s->o.err.data, s->o.err.len));
}

void
stand_close(struct stand *s)
{
	smarthost_stop(s->host);
	outcome_free(&s->o);
	free(s->conf);
	folder_remove(&s->folder);
	*s = (struct stand){ .host = NULL };
}
