/*
 * The examples of relais.conf(5) and the first one of README.md, against servers
 * like those that they are for.
 *
 * Each example is taken from the manual; only its hosts and directories are
 * replaced.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "support/certificate.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/skip.h"
#include "util/base64.h"

#define MANUAL	"man/relais.conf.5"

enum { HOSTS_MAX = 4 };

struct kitchen {
	struct temp_dir			 dir;
	struct usual_certificates	 certificates;
	struct mock_smtp		*host[HOSTS_MAX];
	size_t				 n;
};

/* A login of relais-token whose access token is valid. */
static void
write_login(struct kitchen *k)
{
	char	text[400];
	long	now = (long)time(NULL);

	snprintf(text, sizeof(text), "# relais-token 1\n"
	    "account = alerts@example.org\ngrant = refresh_token\n"
	    "token_endpoint = https://127.0.0.1:1/\nclient_id = x\n"
	    "renewed = %ld\nexpires = %ld\nrefresh_token = x\n"
	    "access_token = ya29.token-for-alerts@example.org\n", now,
	    now + 3600);
	temp_dir_write(&k->dir, "tokens/work", 0600, text);
	assert_int_equal(chmod(temp_dir_path(&k->dir, "tokens"), 0700), 0);
}

static void
open_kitchen(struct kitchen *k)
{
	*k = (struct kitchen){ .n = 0 };
	temp_dir_make(&k->dir);
	certificate_usual(&k->certificates, &k->dir);
	temp_dir_write(&k->dir, "relais.password", 0600, "s3cret\n");
	temp_dir_write(&k->dir, "relais.shop", 0600, "0rders\n");
	temp_dir_write(&k->dir, "mail", 0600, "s3cret\n");
	write_login(k);
}

static void
close_kitchen(struct kitchen *k)
{
	for (size_t i = 0; i < k->n; i++)
		mock_smtp_stop(k->host[i]);
	temp_dir_remove(&k->dir);
}

static struct mock_smtp *
add_host(struct kitchen *k, const struct script *script)
{
	struct script	own = *script;

	if (own.security != IN_CLEAR) {
		own.certificate = k->certificates.chain;
		own.key = k->certificates.key;
	}
	k->host[k->n] = mock_smtp_start(&own);
	return k->host[k->n++];
}

/* The lines of an example, as the manual shows them. */
static char *
recipe(const char *name)
{
	struct buffer	 manual = { 0 };
	char		 mark[80];
	char		*from, *to;

	file_read(&manual, MANUAL);
	snprintf(mark, sizeof(mark), "\n.\\\" recipe %s\n.Bd ", name);
	from = strstr(manual.data, mark);
	if (from == NULL)
		fail_msg("no recipe %s in %s", name, MANUAL);
	from = strchr(from + strlen(mark), '\n') + 1;
	to = strstr(from, ".Ed\n");
	*to = '\0';
	from = strdup(from);
	buffer_free(&manual);
	return from;
}

/* The five lines with which README.md begins. */
static char *
readme_lines(void)
{
	struct buffer	 readme = { 0 }, lines = { 0 };
	char		*line, *rest;
	int		 n = 0;

	file_read(&readme, "README.md");
	rest = strstr(readme.data, "    smarthost ");
	assert_non_null(rest);
	for (; strncmp(rest, "    ", 4) == 0; n++) {
		line = strsep(&rest, "\n");
		buffer_addf(&lines, "%s\n", line + 4);
	}
	assert_int_equal(n, 5);
	buffer_free(&readme);
	return lines.data;
}

/* Writes the text to out, with each occurrence of old replaced. */
static void
replace(struct buffer *out, const char *text, const char *old,
    const char *new)
{
	const char	*at;

	buffer_clear(out);
	while ((at = strstr(text, old)) != NULL) {
		buffer_add(out, text, (size_t)(at - text));
		buffer_add_text(out, new);
		text = at + strlen(old);
	}
	buffer_add_text(out, text);
}

/* Replaces the host after each :// with the next server of the test. */
static void
replace_hosts(struct buffer *out, const struct kitchen *k, const char *text)
{
	const char	*at;
	size_t		 n = 0;

	buffer_clear(out);
	while ((at = strstr(text, "://")) != NULL) {
		assert_true(n < k->n);
		buffer_add(out, text, (size_t)(at + 3 - text));
		buffer_addf(out, "127.0.0.1:%u", k->host[n++]->port);
		text = at + 3 + strcspn(at + 3, " \n");
	}
	buffer_add_text(out, text);
}

static void
cook(struct buffer *out, struct kitchen *k, const char *name)
{
	static const char *const	dirs[] = { "/usr/local/bin/",
		"/run/secrets/", "/etc/" };
	char				*text = strcmp(name, "README.md") == 0 ?
					    readme_lines() : recipe(name);
	struct buffer			 next = { 0 };
	char				 here[80];

	snprintf(here, sizeof(here), "%s/", k->dir.path);
	replace_hosts(out, k, text);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		replace(&next, out->data, dirs[i], here);
		buffer_clear(out);
		buffer_add(out, next.data, next.len);
	}
	snprintf(here, sizeof(here), "= %s/tokens/work\n", k->dir.path);
	replace(&next, out->data, "= work\n", here);
	buffer_clear(out);
	buffer_add(out, next.data, next.len);
	buffer_free(&next);
	free(text);
}

/* Our lines come first, because the recipe may end with a section. */
static const char *
write_recipe(struct kitchen *k, const char *name)
{
	struct buffer	text = { 0 };
	struct buffer	whole = { 0 };
	const char	*path;

	cook(&text, k, name);
	buffer_addf(&whole, "tls_ca = %s\nqueue = off\nsocket = off\n"
	    "log = off\naliases = off\nhelo = client.example\n%s",
	    k->certificates.ca, text.data);
	path = temp_dir_write(&k->dir, "relais.conf", 0600, whole.data);
	buffer_free(&text);
	buffer_free(&whole);
	return path;
}

static const struct heard_message *
arrived(struct mock_smtp *host)
{
	assert_true(mock_smtp_wait_messages(host, 1));
	return mock_smtp_message(host, 0);
}

static void
send_ok(const char *conf, const char *const *arguments, const char *message)
{
	struct program_result	o;

	relais_run(&o, conf, arguments, message);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

static void
assert_has(const struct heard_message *m, const char *line)
{
	if (strstr(m->data.data, line) == NULL)
		fail_msg("no \"%s\" in: %s", line, m->data.data);
}

/*
 * Providers
 */

/* OAuth: the server accepts only the token of the login. */
static void
take_token(struct auth_exchange *e, const char *line)
{
	struct buffer	said = { 0 };
	bool		good = line != NULL &&
			    base64_decode(&said, line, strlen(line));

	good = good && strstr(said.data, "alerts@example.org") != NULL &&
	    strstr(said.data, "\1auth=Bearer ya29.token-for-alerts@example.org"
	    "\1\1") != NULL;
	strlcpy(e->reply, good ? "235 2.7.0 Accepted" : "535 5.7.8 no",
	    sizeof(e->reply));
	strlcpy(e->user, "alerts@example.org", sizeof(e->user));
	buffer_free(&said);
}

struct provider {
	const char	*recipe;
	enum security	 security;
	const char	*mechanisms;
	const char	*user;		/* NULL: by token */
	const char	*sender;	/* that it insists upon */
	bool		 all_senders;	/* instead of another sender */
};

static void
root_in_a_cron_job_arrives(struct kitchen *k, const struct provider *p)
{
	const struct heard_message	*m;

	send_ok(temp_dir_path(&k->dir, "relais.conf"), WORDS("-i", "-f",
	    "root", "root"), "From: root (Cron Daemon)\nTo: root\n"
	    "Subject: Cron\n\nhi\n");
	m = arrived(k->host[0]);
	assert_string_equal(m->reverse_path, p->sender);
	assert_int_equal(m->n_rcpt, 1);
	assert_string_equal(m->rcpt[0].path, "admin@example.org");
	assert_has(m, "To: admin@example.org\r\n");
	assert_has(m, " (Cron Daemon)\r\n");
	assert_null(strstr(m->data.data, "root"));
}

static void
an_application_names_a_sender(struct kitchen *k, const struct provider *p)
{
	const struct heard_message	*m;
	char				 from[100];

	send_ok(temp_dir_path(&k->dir, "relais.conf"), WORDS("-t", "-i",
	    "-f", "shop@example.org"), "From: The Shop <shop@example.org>\n"
	    "To: a@example.net\nSubject: Hello\n\nhi\n");
	assert_true(mock_smtp_wait_messages(k->host[0], 2));
	m = mock_smtp_message(k->host[0], 1);
	snprintf(from, sizeof(from), "From: The Shop <%s>\r\n",
	    p->all_senders ? p->sender : "shop@example.org");
	assert_has(m, from);
	if (p->all_senders && strcmp(p->sender, "shop@example.org") != 0)
		assert_has(m, "Reply-To: The Shop <shop@example.org>\r\n");
}

static void
is_served(void **state)
{
	const struct provider	*p = *state;
	struct kitchen		 k;
	char			 refusal[100];
	const struct heard	*h;

	if (p->user == NULL)
		skip_without_token();
	/* Other senders are refused. */
	snprintf(refusal, sizeof(refusal), "<%s>", p->sender);
	open_kitchen(&k);
	add_host(&k, &(struct script){ .security = p->security,
	    .auth_required = true, .mechanisms = p->mechanisms,
	    .user = p->user, .password = p->user != NULL ? "s3cret" : NULL,
	    .auth = p->user != NULL ? NULL : take_token,
	    .steps = { { .at = ON_MAIL, .match = refusal },
	    { .at = ON_MAIL, .match = p->all_senders ? "" : "@web1",
	    .say = "550 5.7.60 SendAsDenied" } } });
	write_recipe(&k, p->recipe);
	root_in_a_cron_job_arrives(&k, p);
	an_application_names_a_sender(&k, p);
	h = mock_smtp_heard(k.host[0], 0);
	assert_true(h->authenticated);
	assert_non_null(h->tls);
	close_kitchen(&k);
}

#define SERVED(sentence, ...) { sentence, is_served, NULL, NULL, \
	&(struct provider){ __VA_ARGS__ } }

static void
a_bounce_is_accepted_by_a_provider_that_refuses_null_senders(void **state)
{
	struct kitchen	k;

	(void)state;
	open_kitchen(&k);
	add_host(&k, &(struct script){ .security = TLS_AT_ONCE,
	    .user = "shop@example.org", .password = "s3cret",
	    .steps = { { .at = ON_MAIL, .match = "<>",
	    .say = "553 5.7.1 no" } } });
	send_ok(write_recipe(&k, "one-sender"), WORDS("-f", "", "a@x.example"),
	    "Subject: Returned mail\n\nhi\n");
	assert_string_equal(arrived(k.host[0])->reverse_path,
	    "shop@example.org");
	close_kitchen(&k);
}

/*
 * Networks
 */

static void
a_lan_smarthost_needs_only_its_url(void **state)
{
	struct kitchen			 k;
	const struct heard_message	*m;

	(void)state;
	open_kitchen(&k);
	add_host(&k, &(struct script){ .keywords = "PIPELINING" });
	send_ok(write_recipe(&k, "lan"), WORDS("-i", "root", "nina@internal"),
	    "From: backup\nTo: root\n\nhi\n");
	m = arrived(k.host[0]);
	assert_int_equal(m->n_rcpt, 2);
	assert_string_equal(m->rcpt[0].path, "admin@internal");
	assert_string_equal(m->rcpt[1].path, "nina@internal");
	assert_has(m, "From: backup@internal\r\n");
	assert_null(mock_smtp_heard(k.host[0], 0)->tls);
	close_kitchen(&k);
}

static void
the_second_smarthost_is_used_if_the_first_is_down(void **state)
{
	struct kitchen	k;

	(void)state;
	open_kitchen(&k);
	add_host(&k, &(struct script){ .refusing = true });
	add_host(&k, &(struct script){ 0 });
	send_ok(write_recipe(&k, "two-hosts"), WORDS("a@x.example"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(arrived(k.host[1])->n_rcpt, 1);
	close_kitchen(&k);
}

static void
each_sender_uses_its_own_account(void **state)
{
	struct script	script = { .security = STARTTLS_OFFERED,
			    .user = "alerts@example.org",
			    .password = "s3cret", .auth_required = true };
	struct kitchen	k;
	const char	*conf;

	(void)state;
	open_kitchen(&k);
	add_host(&k, &script);
	add_host(&k, &(struct script){ 0 });
	script.user = "orders@shop.example";
	script.password = "0rders";
	add_host(&k, &script);
	conf = write_recipe(&k, "accounts");
	send_ok(conf, WORDS("-t", "root"), "To: b@internal\n\nhi\n");
	send_ok(conf, WORDS("-f", "me@shop.example", "a@x.example",
	    "c@internal"), "Subject: x\n\nhi\n");
	assert_string_equal(arrived(k.host[0])->rcpt[0].path,
	    "admin@example.org");
	assert_int_equal(mock_smtp_messages(k.host[0]), 1);
	assert_string_equal(arrived(k.host[2])->reverse_path,
	    "me@shop.example");
	assert_string_equal(arrived(k.host[2])->rcpt[0].path, "a@x.example");
	assert_true(mock_smtp_wait_messages(k.host[1], 2));
	assert_false(mock_smtp_heard(k.host[1], 0)->authenticated);
	close_kitchen(&k);
}

/*
 * Containers
 */

/* The lines as variables, and variables that hide the test machine. */
static void
container_environment(struct kitchen *k, struct buffer *text,
    const char *env[static 24])
{
	static char	ca[150];
	size_t		n = 0;

	cook(text, k, "container");
	snprintf(ca, sizeof(ca), "RELAIS_TLS_CA=%s", k->certificates.ca);
	env[n++] = ca;
	env[n++] = "PATH=/usr/bin:/bin";
	env[n++] = "RELAIS_QUEUE=off";
	env[n++] = "RELAIS_SOCKET=off";
	env[n++] = "RELAIS_ALIASES=off";
	env[n++] = "RELAIS_LOG=off";
	for (char *line = strtok(text->data, "\n"); line != NULL && n < 23;
	    line = strtok(NULL, "\n"))
		if (strncmp(line, "RELAIS_SMARTHOST=", 17) != 0)
			env[n++] = line;
	env[n] = NULL;
}

/*
 * The entrypoint runs with the environment of the container; the script in
 * php.ini runs without it.
 */
static void
a_php_container_sends_through_its_environment(void **state)
{
	struct kitchen			 k;
	struct buffer			 text = { 0 };
	struct buffer			 entry = { 0 };
	struct buffer			 commands = { 0 };
	struct program_result		 o;
	const struct heard_message	*m;
	const char			*env[24];
	char				*ini = recipe("php-ini");
	char				 host[100];
	size_t				 n = 0;

	(void)state;
	open_kitchen(&k);
	add_host(&k, &(struct script){ .security = STARTTLS_OFFERED,
	    .user = "alerts@example.org", .password = "s3cret",
	    .auth_required = true });
	container_environment(&k, &text, env);
	while (env[n] != NULL)
		n++;
	snprintf(host, sizeof(host),
	    "RELAIS_SMARTHOST=submission://127.0.0.1:%u", k.host[0]->port);
	env[n++] = host;
	env[n] = NULL;
	temp_dir_write(&k.dir, "empty", 0600, "");
	cook(&entry, &k, "php");
	buffer_addf(&commands,
	    "cd %s\nrelais() { %s/relais -C empty \"$@\"; }\n"
	    "chgrp() { :; }\nexec() { :; }\nset -e\n%s", k.dir.path, BUILD,
	    entry.data);
	program_run(&o, &(struct program){ .path = "/bin/bash",
	    .argv = WORDS("bash", "-c", commands.data), .env = env });
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_string_equal(ini,
	    "sendmail_path = /usr/sbin/sendmail -t -i\n");
	send_ok(temp_dir_path(&k.dir, "relais.conf"), WORDS("-t", "-i"),
	    "To: a@x.example\nSubject: x\n\nhi\n");
	m = arrived(k.host[0]);
	assert_string_equal(m->reverse_path, "alerts@example.org");
	assert_true(mock_smtp_heard(k.host[0], 0)->authenticated);
	buffer_free(&text);
	buffer_free(&entry);
	buffer_free(&commands);
	free(ini);
	close_kitchen(&k);
}

static const struct CMUnitTest recipes_spec[] = {
	SERVED("the five lines of README.md", "README.md", STARTTLS_OFFERED,
	    "PLAIN LOGIN", "alerts@example.org", "alerts@example.org", false),
	SERVED("Gmail with an app password", "gmail", TLS_AT_ONCE,
	    "LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER",
	    "alerts@example.org", "alerts@example.org", true),
	SERVED("Gmail with OAuth 2", "gmail-oauth", TLS_AT_ONCE,
	    "LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER",
	    NULL, "alerts@example.org", true),
	SERVED("Microsoft 365 with a password", "microsoft",
	    STARTTLS_OFFERED, "LOGIN XOAUTH2",
	    "alerts@example.org", "alerts@example.org", true),
	SERVED("Microsoft 365 with OAuth 2", "microsoft-oauth",
	    STARTTLS_OFFERED, "LOGIN XOAUTH2",
	    NULL, "alerts@example.org", true),
	SERVED("Amazon SES", "ses", STARTTLS_OFFERED, "PLAIN LOGIN",
	    "AKIAEXAMPLE", "alerts@example.org", false),
	SERVED("a provider that accepts one sender", "one-sender", TLS_AT_ONCE,
	    "PLAIN LOGIN", "shop@example.org", "shop@example.org", true),
	cmocka_unit_test(
	    a_bounce_is_accepted_by_a_provider_that_refuses_null_senders),
	cmocka_unit_test(a_lan_smarthost_needs_only_its_url),
	cmocka_unit_test(the_second_smarthost_is_used_if_the_first_is_down),
	cmocka_unit_test(each_sender_uses_its_own_account),
	cmocka_unit_test(a_php_container_sends_through_its_environment),
};

int
main(void)
{
	return cmocka_run_group_tests(recipes_spec, NULL, NULL);
}
