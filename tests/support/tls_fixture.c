#include "support/tls_fixture.h"

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
tls_fixture_begin(struct tls_fixture *s)
{
	*s = (struct tls_fixture){ .host = NULL };
	temp_dir_make(&s->dir);
	certificate_usual(&s->usual, &s->dir);
}

/* The replacement for {word} at *at, or NULL; *len is the length to skip. */
static const char *
meaning(const struct tls_fixture *s, const char *port, const char *at,
    size_t *len)
{
	const struct {
		const char	*name, *value;
	} words[] = {
		{ "{ca}", s->usual.ca },
		{ "{hashed}", s->usual.hashed },
		{ "{pin}", s->usual.pin },
		{ "{chain}", s->usual.chain },
		{ "{key}", s->usual.key },
		{ "{dir}", s->dir.path },
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
fill_in(const struct tls_fixture *s, const char *text, struct buffer *out)
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
tls_fixture_open(struct tls_fixture *s, const struct script *script,
    const char *scheme, const char *more)
{
	struct script	whole = *script;
	struct buffer	lines = { 0 };

	if (s->dir.path[0] == '\0')
		tls_fixture_begin(s);
	if (whole.security != IN_CLEAR && whole.certificate == NULL) {
		whole.certificate = s->usual.chain;
		whole.key = s->usual.key;
	}
	s->host = mock_smtp_start(&whole);
	fill_in(s, more != NULL ? more : "", &lines);
	s->conf = memory_copy(conf_write(&s->dir, s->host, scheme,
	    lines.data != NULL ? lines.data : ""));
	buffer_wipe(&lines);
}

struct program
tls_fixture_program(struct tls_fixture *s)
{
	static const char	*argv[] = { "relais", "-C", NULL, "-v",
				    "a@example.net", NULL };

	argv[2] = s->conf;
	return (struct program){ .argv = argv, .input = message };
}

void
tls_fixture_send(struct tls_fixture *s)
{
	struct program	p = tls_fixture_program(s);

	program_result_free(&s->o);
	program_run(&s->o, &p);
}

void
tls_fixture_said(const struct tls_fixture *s, const char *words)
{
	if (words != NULL && strstr(s->o.err.data, words) == NULL)
		fail_msg("not said: \"%s\", but: %s", words, s->o.err.data);
}

void
tls_fixture_traced(const struct tls_fixture *s, const char *words)
{
	if (words != NULL && strstr(s->o.out.data, words) == NULL)
		fail_msg("not traced: \"%s\", but: %s", words, s->o.out.data);
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
tls_fixture_shows_password(const void *data, size_t len)
{
	struct buffer	hex = { 0 };
	bool		found;

	add_hex(&hex, TLS_FIXTURE_PASSWORD);
	found = holds(data, len, TLS_FIXTURE_PASSWORD,
	    strlen(TLS_FIXTURE_PASSWORD)) || holds(data, len, hex.data,
	    hex.len) || holds_base64(data, len, TLS_FIXTURE_PASSWORD);
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
		assert_false(tls_fixture_shows_password(h->wire.data,
		    h->wire.len));
}

void
tls_fixture_kept_secret(struct tls_fixture *s)
{
	size_t	n = mock_smtp_connections(s->host);

	assert_true(mock_smtp_wait_closed(s->host, n));
	for (size_t i = 0; i < n; i++)
		connection_kept_secret(mock_smtp_heard(s->host, i));
	assert_false(tls_fixture_shows_password(s->o.out.data, s->o.out.len));
	assert_false(tls_fixture_shows_password(s->o.err.data, s->o.err.len));
}

void
tls_fixture_close(struct tls_fixture *s)
{
	mock_smtp_stop(s->host);
	program_result_free(&s->o);
	free(s->conf);
	temp_dir_remove(&s->dir);
	*s = (struct tls_fixture){ .host = NULL };
}
