/* relais-token login with the scripted authorization server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/authorization.h"
#include "support/cases.h"
#include "support/certificate.h"
#include "support/program.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "support/terminal.h"

#define USER	"nina@example.org"

enum { WORDS_MAX = 24, VARIABLES_MAX = 8, KILLED = -1 };

struct place {
	struct temp_dir			 dir;
	struct usual_certificates	 usual;
	struct authorization		 server;
	char				 name[100];	/* of the login: a path */
	char				 provider[100];
	const char			*words[WORDS_MAX];
	size_t				 n;
	char				 variable[VARIABLES_MAX][160];
	const char			*env[VARIABLES_MAX + 4];
	struct program_result		 o;
	int				 browser;	/* what it got, or -1 */
};

static void
add(struct place *p, const char *word)
{
	assert_true(p->n + 1 < WORDS_MAX);
	p->words[p->n++] = word;
	p->words[p->n] = NULL;
}

static void
write_provider(struct place *p, const char *more)
{
	struct buffer	text = { 0 };

	buffer_addf(&text, "[test]\nname = Test server\ntoken = %s/token\n"
	    "scope = mail offline\nclient-scope = mail\n"
	    "page = https://register.example/\n%s", p->server.url, more);
	strlcpy(p->provider, temp_dir_write(&p->dir, "provider", 0600,
	    text.data), sizeof(p->provider));
	buffer_free(&text);
}

/* Begins "relais-token login ... NAME"; options can follow. */
static void
open_place(struct place *p, const char *script)
{
	char	both[200];

	memset(p, 0, sizeof(*p));
	p->browser = -1;
	skip_without_token();
	temp_dir_make(&p->dir);
	certificate_usual(&p->usual, &p->dir);
	authorization_start(&p->server, &p->dir, &p->usual, script);
	temp_dir_write(&p->dir, "tokens/.keep", 0600, "");
	assert_int_equal(chmod(temp_dir_path(&p->dir, "tokens"), 0700), 0);
	strlcpy(p->name, temp_dir_path(&p->dir, "tokens/work"),
	    sizeof(p->name));
	snprintf(both, sizeof(both), "device = %s/device\n"
	    "authorize = %s/authorize\n", p->server.url, p->server.url);
	write_provider(p, both);
	add(p, "relais-token");
	add(p, "login");
	add(p, "--ca");
	add(p, p->usual.ca);
	add(p, p->name);
	p->env[0] = "PATH=/usr/bin:/bin";
	p->env[1] = "HOME=/nowhere";
	p->env[2] = "LC_ALL=C";
}

/* What a first login requires. */
static void
add_first(struct place *p)
{
	add(p, "--provider");
	add(p, p->provider);
	add(p, "--client-id");
	add(p, "relais-test");
	add(p, "--user");
	add(p, USER);
}

static void
set_variable(struct place *p, const char *name, const char *value)
{
	size_t	i = 0;

	while (p->variable[i][0] != '\0')
		i++;
	snprintf(p->variable[i], sizeof(p->variable[i]), "%s=%s", name,
	    value);
	p->env[3 + i] = p->variable[i];
}

static void
set_browser(struct place *p, const char *does)
{
	set_variable(p, "DISPLAY", ":0");
	set_variable(p, "BROWSER", TESTS "/support/browser.py");
	set_variable(p, "BROWSER_DOES", does);
	set_variable(p, "BROWSER_CA", p->usual.ca);
	set_variable(p, "BROWSER_LOG", temp_dir_path(&p->dir, "browser"));
	assert_int_equal(mkfifo(temp_dir_path(&p->dir, "browser"), 0600), 0);
	p->browser = open(temp_dir_path(&p->dir, "browser"), O_RDONLY |
	    O_NONBLOCK | O_CLOEXEC);
	assert_int_not_equal(p->browser, -1);
}

/* Waits for the end of the browser, which can outlive the login. */
static void
browser_got(struct place *p, struct buffer *replies)
{
	char	text[100];
	ssize_t	n;

	assert_int_equal(fcntl(p->browser, F_SETFL, 0), 0);
	while ((n = read(p->browser, text, sizeof(text))) > 0)
		buffer_add(replies, text, n);
	assert_int_equal(n, 0);
}

static struct program
program(const struct place *p)
{
	return (struct program){ .argv = p->words, .env = p->env,
	    .deadline_ms = 60000 };
}

static void
run(struct place *p)
{
	struct program	how = program(p);

	program_run(&p->o, &how);
}

static void
close_place(struct place *p)
{
	program_result_free(&p->o);
	authorization_stop(&p->server);
	if (p->browser != -1)
		close(p->browser);
	temp_dir_remove(&p->dir);
}

static void
says(const struct place *p, const char *text)
{
	if (strstr(p->o.out.data, text) == NULL &&
	    strstr(p->o.err.data, text) == NULL)
		fail_msg("no \"%s\" in: %s%s", text, p->o.out.data,
		    p->o.err.data);
}

static void
stored(struct place *p, const char *text)
{
	struct buffer	file = { 0 };

	file_read(&file, p->name);
	if (strstr(file.data, text) == NULL)
		fail_msg("no \"%s\" in: %s", text, file.data);
	buffer_free(&file);
}

static void
nothing_is_stored(struct place *p)
{
	assert_int_equal(access(p->name, F_OK), -1);
}

/* One login. */
struct login_case {
	const char	*sentence;
	const char	*script;
	const char	*does;		/* of the browser; NULL: none */
	int		 status;
	const char	*says;
	const char	*request;	/* in the server's log, or NULL */
	const char	*browser;	/* the replies that it got, or NULL */
};

static const struct login_case logins[] = {
	{ "device: the address and the code are printed", "{}", NULL, EX_OK,
	    "    code: WDJB-MJHT\n", "\"scope\": \"mail offline\"", NULL },
	{ "device: the login is stored", "{}", NULL, EX_OK,
	    "The login is stored in /", NULL, NULL },
	{ "device: a pending login is asked for again",
	    "{\"token\": [\"pending\", \"pending\", null]}", NULL, EX_OK,
	    "is stored", NULL, NULL },
	{ "device: slow_down is obeyed",
	    "{\"token\": [\"slow_down\", null]}", NULL, EX_OK, "is stored",
	    "slow_down", NULL },
	{ "device: a refusal ends the login", "{\"token\": [\"denied\"]}",
	    NULL, EX_NOPERM, "the login was refused: ", NULL, NULL },
	{ "device: an expired code ends the login",
	    "{\"token\": [\"expired\"]}", NULL, EX_TEMPFAIL,
	    "the code has expired", NULL, NULL },
	{ "device: the login ends when the code expires",
	    "{\"device\": [{\"merge\": {\"expires_in\": 2}}],"
	    " \"token\": [\"pending\"]}", NULL, EX_TEMPFAIL,
	    "the code has expired before", NULL, NULL },
	{ "device: a server that is down for a moment is asked again",
	    "{\"token\": [{\"status\": 503, \"body\": \"down\"}, null]}",
	    NULL, EX_OK, "is stored", "503", NULL },
	{ "device: Retry-After is obeyed, however large it is",
	    "{\"device\": [{\"merge\": {\"expires_in\": 4}}],"
	    " \"token\": [{\"status\": 503, \"body\": \"down\","
	    " \"retry_after\": 9223372036854775}, null]}", NULL, EX_TEMPFAIL,
	    "the last request failed: ", NULL, NULL },
	{ "device: a connection that is closed is not the end",
	    "{\"token\": [{\"close\": true}, null]}", NULL, EX_OK,
	    "is stored", NULL, NULL },
	{ "device: the last failure is named when the code expires",
	    "{\"device\": [{\"merge\": {\"expires_in\": 4}}],"
	    " \"token\": [{\"status\": 503, \"body\": \"down\"}]}", NULL,
	    EX_TEMPFAIL, "the last request failed: ", NULL, NULL },
	{ "device: without an interval, it is five seconds",
	    "{\"device\": [{\"merge\": {\"interval\": null,"
	    " \"expires_in\": 4}}]}", NULL, EX_PROTOCOL,
	    "after 5 seconds, but the code expires after 4", NULL, NULL },
	{ "device: an interval that is longer than the life of the code",
	    "{\"device\": [{\"merge\": {\"interval\": 1000000}}]}", NULL,
	    EX_PROTOCOL, "after 1000000 seconds, but the code expires after "
	    "600", NULL, NULL },
	{ "device: a negative lifetime is an error",
	    "{\"device\": [{\"merge\": {\"expires_in\": -1}}]}", NULL,
	    EX_PROTOCOL, "\"expires_in\" in the reply is not a number", NULL,
	    NULL },
	{ "device: an escape sequence in the code is an error",
	    "{\"device\": [{\"merge\": {\"user_code\": \"\\u001b[2J\"}}]}",
	    NULL, EX_PROTOCOL, "\"user_code\" in the reply", NULL, NULL },
	{ "device: a control character of C1 in the code is an error",
	    "{\"device\": [{\"merge\": {\"user_code\": \"\\u009b2J\"}}]}",
	    NULL, EX_PROTOCOL, "\"user_code\" in the reply", NULL, NULL },
	{ "device: an address that is not https is an error",
	    "{\"device\": [{\"merge\": {\"verification_uri\":"
	    " \"http://127.0.0.1/\"}}]}", NULL, EX_PROTOCOL,
	    "\"verification_uri\" in the reply is not an https:// URL", NULL,
	    NULL },
	{ "device: javascript in the complete address is an error",
	    "{\"device\": [{\"merge\": {\"verification_uri_complete\":"
	    " \"javascript:alert(1)\"}}]}", NULL, EX_PROTOCOL,
	    "is not an https:// URL", NULL, NULL },
	{ "device: the complete address is optional",
	    "{\"device\": [{\"merge\": {\"verification_uri_complete\":"
	    " null}}]}", NULL, EX_OK, "/activate\n    code: ", NULL, NULL },
	{ "device: a reply without a code is an error",
	    "{\"device\": [{\"merge\": {\"device_code\": null}}]}", NULL,
	    EX_PROTOCOL, "contains no code", NULL, NULL },
	{ "device: an unknown client is refused by the server",
	    "{\"client_id\": \"other\"}", NULL, EX_CONFIG,
	    "invalid_client", NULL, NULL },
	{ "device: the remedy for a known error is named",
	    "{\"device\": [{\"status\": 401, \"body\": \"{\\\"error\\\":"
	    "\\\"invalid_client\\\",\\\"error_description\\\":"
	    "\\\"AADSTS7000218: The request body must contain x.\\\"}\"}]}",
	    NULL, EX_CONFIG, "contain x.; allow public client flows", NULL,
	    NULL },
	{ "device: a redirect is not followed",
	    "{\"device\": [{\"redirect\": \"https://localhost/\"}]}", NULL,
	    EX_CONFIG, "a redirect, which is not followed", NULL, NULL },
	{ "device: a reply that is not JSON is an error",
	    "{\"device\": [{\"body\": \"<html>\"}]}", NULL, EX_TEMPFAIL,
	    "is not a valid JSON object", NULL, NULL },
	{ "device: a huge reply is not read",
	    "{\"device\": [{\"huge\": true}]}", NULL, EX_TEMPFAIL,
	    "the reply is larger than 64 KiB", NULL, NULL },
	{ "device: a name that appears twice is an error",
	    "{\"device\": [{\"duplicate\": true}]}", NULL, EX_TEMPFAIL,
	    "is not a valid JSON object", NULL, NULL },
	{ "a login without a refresh token is not stored",
	    "{\"token\": [{\"merge\": {\"refresh_token\": null}}]}", NULL,
	    EX_CONFIG, "without a refresh token", NULL, NULL },

	{ "browser: the redirect with the code is exchanged", "{}", "get",
	    EX_OK, "is stored", "\"grant_type\": \"authorization_code\"",
	    "200 " },
	{ "browser: the account is suggested to the server", "{}", "get",
	    EX_OK, "is stored", "\"login_hint\": \"" USER "\"", "200 " },
	{ "browser: the redirect is also received at ::1", "{}", "six", EX_OK,
	    "is stored", NULL, "200 " },
	{ "browser: connections without a request do not disturb", "{}",
	    "silent half silent get", EX_OK, "is stored", NULL, "200 " },
	{ "browser: more connections than are kept do not disturb", "{}",
	    "silent silent silent silent silent silent silent silent silent "
	    "silent silent silent get", EX_OK, "is stored", NULL, "200 " },
	{ "browser: another state is not accepted", "{}", "state get", EX_OK,
	    "does not belong to this login was ignored", NULL, "400 200 " },
	{ "browser: other paths do not exist", "{}", "path get", EX_OK,
	    "is stored", NULL, "404 200 " },
	{ "browser: POST is not allowed", "{}", "post get", EX_OK,
	    "is stored", NULL, "405 200 " },
	{ "browser: a large request is not read", "{}", "large get", EX_OK,
	    "is stored", NULL, "431 200 " },
	{ "browser: a refusal ends the login",
	    "{\"authorize\": [{\"error\": \"access_denied\"}]}", "get",
	    EX_NOPERM, "the login was refused: access_denied", NULL, "200 " },
	{ "browser: the reason for a refusal is made visible",
	    "{\"authorize\": [{\"error\": \"access_denied\", \"merge\":"
	    " {\"error_description\": \"\\u001b[2J\"}}]}", "get", EX_NOPERM,
	    "access_denied: \\033[2J", NULL, NULL },
	{ "browser: the remedy for a known error is named",
	    "{\"authorize\": [{\"error\": \"access_denied\", \"merge\":"
	    " {\"error_description\": \"AADSTS65001: x\"}}]}", "get",
	    EX_NOPERM, "AADSTS65001: x; an administrator must consent", NULL,
	    NULL },
	{ "browser: a redirect without a code ends the login",
	    "{\"authorize\": [{\"merge\": {\"code\": null}}]}", "get",
	    EX_PROTOCOL, "contains no authorization code", NULL, NULL },
	{ "browser: an unknown code is refused by the server",
	    "{\"authorize\": [{\"merge\": {\"code\": \"x\"}}]}", "get",
	    EX_NOPERM, "invalid_grant", NULL, NULL },
};

static void
logs_in(void **state)
{
	const struct login_case	*c = *state;
	struct place		 p;
	struct buffer		 seen = { 0 };

	open_place(&p, c->script);
	add_first(&p);
	if (c->does != NULL)
		set_browser(&p, c->does);
	run(&p);
	says(&p, c->says);
	if (p.o.status != c->status)
		fail_msg("exit status %d: %s", p.o.status, p.o.err.data);
	if (c->request != NULL)
		assert_true(authorization_count(&p.server, c->request) > 0);
	if (p.browser != -1)
		browser_got(&p, &seen);
	if (c->browser != NULL)
		assert_string_equal(seen.data, c->browser);
	buffer_free(&seen);
	if (c->status == EX_OK) {
		stored(&p, "refresh_token = refresh-");
		stored(&p, "account = " USER "\n");
	} else {
		nothing_is_stored(&p);
	}
	assert_null(strchr(p.o.out.data, '\033'));
	assert_null(strchr(p.o.err.data, '\033'));
	close_place(&p);
}

/* Refusals before any request. */
struct usage_case {
	const char	*sentence;
	const char	*words[8];
	const char	*provider;	/* more lines of the file */
	int		 status;
	const char	*says;
};

#define FILE_GIVEN	"--provider", "FILE"
#define CLIENT		"--client-id", "x"
#define DEVICE_URL	"device = https://127.0.0.1/\n"

static const struct usage_case usages[] = {
	{ "without a provider, the option is named", { CLIENT }, "",
	    EX_USAGE, "add --provider google" },
	{ "without a client ID, the page for it is named", { FILE_GIVEN },
	    DEVICE_URL, EX_USAGE, "register an application at "
	    "https://register.example/, and add --client-id ID" },
	{ "without an account, the option is named", { FILE_GIVEN, CLIENT },
	    DEVICE_URL, EX_USAGE, "add --user ADDRESS" },
	{ "a required secret", { FILE_GIVEN, CLIENT },
	    DEVICE_URL "secret = required\n", EX_USAGE,
	    "add --client-secret-file FILE" },
	{ "a file with a secret that does not exist", { FILE_GIVEN, CLIENT,
	    "--client-secret-file", "/nonexistent" }, DEVICE_URL, EX_CONFIG,
	    "/nonexistent" },
	{ "client credentials without a secret", { FILE_GIVEN, CLIENT,
	    "--client-credentials" }, "", EX_USAGE,
	    "or --key FILE and --certificate FILE" },
	{ "client credentials with a server that has none", { "--provider",
	    "google", CLIENT, "--client-credentials" }, "", EX_USAGE,
	    "does not accept client credentials for mail" },
	{ "a server that has nothing else", { FILE_GIVEN, CLIENT }, "",
	    EX_USAGE, "accepts only --client-credentials" },
	{ "client credentials of any tenant", { FILE_GIVEN, CLIENT,
	    "--client-credentials" }, "tenant = common\n", EX_USAGE,
	    "add --tenant ID" },
	{ "a tenant with a blank", { FILE_GIVEN, CLIENT, "--tenant", "a b" },
	    DEVICE_URL, EX_USAGE, "the tenant is not a domain or an ID" },
	{ "a key without a certificate", { FILE_GIVEN, CLIENT, "--key", "x" },
	    "", EX_USAGE, "must be given together" },
	{ "a code with a server that has none", { FILE_GIVEN, "--device" },
	    "authorize = https://127.0.0.1/\n", EX_USAGE,
	    "does not permit --device for mail" },
	{ "a browser with a server that has none", { FILE_GIVEN,
	    "--browser" }, DEVICE_URL, EX_USAGE, "does not permit --browser" },
	{ "a code and a browser", { FILE_GIVEN, "--device", "--browser" }, "",
	    EX_USAGE, "cannot be combined" },
	{ "an invalid provider file", { FILE_GIVEN }, "colour = red\n",
	    EX_CONFIG, ":7: unknown key colour" },
	{ "an unknown option", { "--secret", "x" }, "", EX_USAGE, "usage: " },
	{ "a second name", { "home" }, "", EX_USAGE, "usage: " },
};

static void
is_refused(void **state)
{
	const struct usage_case	*c = *state;
	struct place		 p;

	open_place(&p, "{}");
	write_provider(&p, c->provider);
	for (size_t i = 0; c->words[i] != NULL; i++)
		add(&p, strcmp(c->words[i], "FILE") == 0 ? p.provider :
		    c->words[i]);
	run(&p);
	says(&p, c->says);
	assert_int_equal(p.o.status, c->status);
	assert_int_equal(authorization_count(&p.server, ""), 0);
	nothing_is_stored(&p);
	close_place(&p);
}

static void
a_name_with_a_slash(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, "{}");
	p.words[4] = "../work";
	add_first(&p);
	run(&p);
	assert_int_equal(p.o.status, EX_USAGE);
	says(&p, "\"../work\" is not the name of a login");
	assert_int_equal(authorization_count(&p.server, ""), 0);
	close_place(&p);
}

static void
an_untrusted_certificate_is_reported(void **state)
{
	struct place		p;
	struct certificate	root;

	(void)state;
	open_place(&p, "{}");
	certificate_make(&root, &(struct certificate_form){
	    .common_name = "Another root", .authority = true }, NULL);
	p.words[3] = certificate_write(&root, temp_dir_path(&p.dir, "other"),
	    0);
	add_first(&p);
	run(&p);
	assert_int_equal(p.o.status, EX_CONFIG);
	says(&p, "the certificate cannot be verified");
	assert_int_equal(authorization_count(&p.server, ""), 0);
	nothing_is_stored(&p);
	certificate_free(&root);
	close_place(&p);
}

/* The message of a login that has ended says only: relais login NAME. */
static void
a_second_login_needs_no_options(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, "{\"secret\": \"s3cret\"}");
	add_first(&p);
	add(&p, "--client-secret-file");
	add(&p, temp_dir_write(&p.dir, "secret", 0600, "s3cret\n"));
	run(&p);
	assert_int_equal(p.o.status, EX_OK);
	program_result_free(&p.o);
	p.n = 5;
	p.words[p.n] = NULL;
	run(&p);
	says(&p, "Log in there as " USER);
	assert_int_equal(p.o.status, EX_OK);
	assert_int_equal(authorization_count(&p.server,
	    "\"path\": \"/device\""), 2);
	close_place(&p);
}

static void
a_refused_second_login_keeps_the_first(void **state)
{
	struct place	p;
	struct buffer	before = { 0 }, after = { 0 };

	(void)state;
	open_place(&p, "{\"token\": [null, \"denied\"]}");
	add_first(&p);
	run(&p);
	assert_int_equal(p.o.status, EX_OK);
	file_read(&before, p.name);
	program_result_free(&p.o);
	run(&p);
	assert_int_equal(p.o.status, EX_NOPERM);
	file_read(&after, p.name);
	assert_string_equal(before.data, after.data);
	buffer_free(&before);
	buffer_free(&after);
	close_place(&p);
}

/* A secret is in no argument and no output. */
static void
client_credentials_with_a_secret(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, "{\"secret\": \"s3cret\"}");
	add_first(&p);
	add(&p, "--client-credentials");
	add(&p, "--client-secret-file");
	add(&p, temp_dir_write(&p.dir, "secret", 0600, "s3cret\n"));
	run(&p);
	assert_int_equal(p.o.status, EX_OK);
	stored(&p, "grant = client_credentials\n");
	stored(&p, "scope = mail\n");
	stored(&p, "access_token = access-");
	assert_null(strstr(p.o.out.data, "s3cret"));
	close_place(&p);
}

static void
a_wrong_client_secret(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, "{\"secret\": \"s3cret\"}");
	add_first(&p);
	add(&p, "--client-credentials");
	add(&p, "--client-secret-file");
	add(&p, temp_dir_write(&p.dir, "secret", 0600, "wrong\n"));
	run(&p);
	assert_int_equal(p.o.status, EX_CONFIG);
	says(&p, "invalid_client");
	nothing_is_stored(&p);
	close_place(&p);
}

static void
a_secret_that_others_can_read(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, "{\"secret\": \"s3cret\"}");
	add_first(&p);
	add(&p, "--client-secret-file");
	add(&p, temp_dir_write(&p.dir, "secret", 0644, "s3cret\n"));
	run(&p);
	assert_int_equal(p.o.status, EX_CONFIG);
	says(&p, "chmod");
	nothing_is_stored(&p);
	close_place(&p);
}

/* A key, and what the server and relais-token say to it. */
struct key_case {
	const char	*sentence;
	int		 rsa_bits;	/* 0: P-256 */
	bool		 other_certificate;	/* the server knows another */
	bool		 other_key;	/* the key is that of another */
	mode_t		 mode;
	int		 status;
	const char	*says;
	const char	*key_text;	/* instead of the key; "": no file */
	const char	*certificate_text;	/* the same */
};

static const struct key_case keys[] = {
	{ "a JWT is signed with PS256", 2048, false, false, 0600, EX_OK,
	    "is stored", NULL, NULL },
	{ "a JWT is signed with ES256", 0, false, false, 0600, EX_OK,
	    "is stored", NULL, NULL },
	{ "a JWT of another key is refused by the server", 2048, true, false,
	    0600, EX_CONFIG, "invalid_client", NULL, NULL },
	{ "a key of 1024 bits is refused", 1024, false, false, 0600,
	    EX_CONFIG, "the key must be RSA with at least 2048 bits", NULL,
	    NULL },
	{ "a key of another certificate is refused", 2048, false, true, 0600,
	    EX_CONFIG, "this is not the certificate of the key", NULL, NULL },
	{ "a key that others can read is refused", 0, false, false, 0644,
	    EX_CONFIG, "chmod", NULL, NULL },
	{ "a key that does not exist is reported", 0, false, false, 0600,
	    EX_CONFIG, "/key: the file does not exist", .key_text = "" },
	{ "a key in another form is refused", 0, false, false, 0600,
	    EX_CONFIG, "/key: not a private key in PEM", .key_text = "x" },
	{ "no passphrase is asked for", 0, false, false, 0600, EX_CONFIG,
	    "/key: the key is encrypted; store it without a passphrase",
	    .key_text = "-----BEGIN RSA PRIVATE KEY-----\n"
	    "Proc-Type: 4,ENCRYPTED\n"
	    "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
	    "AAAAAAAAAAAAAAAAAAAAAA==\n"
	    "-----END RSA PRIVATE KEY-----\n" },
	{ "a certificate that does not exist is reported", 0, false, false,
	    0600, EX_CONFIG, "/client: the file does not exist",
	    .certificate_text = "" },
	{ "a certificate in another form is refused", 0, false, false, 0600,
	    EX_CONFIG, "/client: not a certificate in PEM",
	    .certificate_text = "x" },
};

static void
write_instead(struct place *p, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		temp_dir_write(&p->dir, name, 0600, text);
	else if (text != NULL)
		assert_int_equal(unlink(temp_dir_path(&p->dir, name)), 0);
}

static void
client_credentials_with_a_key(void **state)
{
	const struct key_case	*c = *state;
	struct place		 p;
	struct certificate	 one, two;
	char			 script[200];

	open_place(&p, "{}");
	certificate_make(&one, &(struct certificate_form){
	    .common_name = "client", .rsa_bits = c->rsa_bits }, NULL);
	certificate_make(&two, &(struct certificate_form){
	    .common_name = "other" }, NULL);
	snprintf(script, sizeof(script), "{\"certificate\": \"%s\"}",
	    certificate_write(c->other_certificate ? &two : &one,
	    temp_dir_path(&p.dir, "known"), 0));
	authorization_script(&p.server, script);
	add_first(&p);
	add(&p, "--client-credentials");
	add(&p, "--key");
	add(&p, certificate_write_key(c->other_key ? &two : &one,
	    temp_dir_path(&p.dir, "key"), 0));
	chmod(p.words[p.n - 1], c->mode);
	add(&p, "--certificate");
	add(&p, certificate_write(&one, temp_dir_path(&p.dir, "client"), 0));
	write_instead(&p, "key", c->key_text);
	write_instead(&p, "client", c->certificate_text);
	run(&p);
	says(&p, c->says);
	assert_int_equal(p.o.status, c->status);
	if (c->status == EX_OK)
		stored(&p, "private_key = /");
	else
		nothing_is_stored(&p);
	certificate_free(&two);
	certificate_free(&one);
	close_place(&p);
}

/* It is also found by a renewal, which has another working directory. */
static void
a_key_with_a_relative_path(void **state)
{
	struct place		p;
	struct program		how;
	struct certificate	client;
	char			text[200];

	(void)state;
	open_place(&p, "{}");
	certificate_make(&client, &(struct certificate_form){
	    .common_name = "client" }, NULL);
	certificate_write_key(&client, temp_dir_path(&p.dir, "key"), 0);
	assert_int_equal(chmod(temp_dir_path(&p.dir, "key"), 0600), 0);
	snprintf(text, sizeof(text), "{\"certificate\": \"%s\"}",
	    certificate_write(&client, temp_dir_path(&p.dir, "client"), 0));
	authorization_script(&p.server, text);
	add_first(&p);
	add(&p, "--client-credentials");
	add(&p, "--key");
	add(&p, "key");
	add(&p, "--certificate");
	add(&p, "./client");
	how = program(&p);
	how.dir = p.dir.path;
	program_run(&p.o, &how);
	says(&p, "is stored");
	snprintf(text, sizeof(text), "\nprivate_key = %s/key\n", p.dir.path);
	stored(&p, text);
	snprintf(text, sizeof(text), "\ncertificate = %s/./client\n",
	    p.dir.path);
	stored(&p, text);
	certificate_free(&client);
	close_place(&p);
}

/* Terminals. */

static void
start(struct place *p, struct terminal *t)
{
	struct program	how = program(p);

	terminal_start(t, &how, 80);
}

static void
the_redirected_address_is_pasted(void **state)
{
	struct place		p;
	struct terminal		t;
	struct program_result	o;
	char			ca[160], *url;

	(void)state;
	open_place(&p, "{}");
	add_first(&p);
	add(&p, "--browser");
	start(&p, &t);
	url = terminal_hear(&t, "Open this address in a browser:\r\n\r\n    ");
	terminal_say(&t, "followed by Enter",
	    "http://127.0.0.1/?code=x&state=wrong\n");
	terminal_wait(&t, "(this is not the redirected address of this login");
	/* What the address bar of a browser on another machine would show. */
	snprintf(ca, sizeof(ca), "BROWSER_CA=%s", p.usual.ca);
	program_run(&o, &(struct program){ .path = "/usr/bin/python3",
	    .argv = WORDS("python3", "-B", TESTS "/support/browser.py", url),
	    .env = WORDS("BROWSER_DOES=show", ca) });
	terminal_say(&t, "", o.out.data);
	terminal_wait(&t, "is stored");
	assert_int_equal(terminal_end(&t), EX_OK);
	stored(&p, "refresh_token = refresh-");
	program_result_free(&o);
	free(url);
	close_place(&p);
}

static void
the_terminal_asks_for_what_is_missing(void **state)
{
	struct place	p;
	struct terminal	t;
	char		device[100];

	(void)state;
	open_place(&p, "{\"secret\": \"s3cret\", \"token\": [\"pending\","
	    " null]}");
	snprintf(device, sizeof(device), "device = %s/device\n"
	    "secret = required\n", p.server.url);
	write_provider(&p, device);
	add(&p, "--provider");
	add(&p, p.provider);
	start(&p, &t);
	terminal_wait(&t, "https://register.example/");
	terminal_say(&t, "Client ID of the application: ", "relais-test\n");
	terminal_say(&t, "Client secret of the application (not shown): ",
	    "s3cret\n");
	terminal_say(&t, "Address of the mailbox that sends: ", USER "\n");
	terminal_wait(&t, "code: WDJB-MJHT");
	terminal_wait(&t, "Waiting for the login: 9:5");
	terminal_wait(&t, "is stored");
	assert_int_equal(terminal_end(&t), EX_OK);
	stored(&p, "client_secret = s3cret\n");
	close_place(&p);
}

/* Stages at which the process can be killed. */

static void
restart(struct place *p)
{
	authorization_script(&p->server, "{}");
	run(p);
	assert_int_equal(p->o.status, EX_OK);
	stored(p, "refresh_token = refresh-");
	/* Without the files of the killed process: .keep, .work.lock, work. */
	assert_int_equal(temp_dir_count(temp_dir_path(&p->dir, "tokens")), 3);
}

static void
killed_by(int sig, const char *script, const char *request)
{
	struct place		p;
	struct running		*r;
	struct program		 how;
	struct program_result	 o;

	open_place(&p, script);
	add_first(&p);
	how = program(&p);
	r = program_start(&how);
	authorization_wait(&p.server, request, 1);
	program_stop(r, sig, &o);
	assert_int_equal(o.status, KILLED);
	assert_int_equal(o.signal, sig);
	program_result_free(&o);
	nothing_is_stored(&p);
	restart(&p);
	close_place(&p);
}

static void
killed_before_the_code(void **state)
{
	(void)state;
	killed_by(SIGKILL, "{\"device\": [{\"slow\": 60}]}", "/device");
}

static void
killed_while_waiting(void **state)
{
	(void)state;
	killed_by(SIGKILL, "{\"token\": [\"pending\"]}", "/token");
}

static void
interrupted_while_waiting(void **state)
{
	(void)state;
	killed_by(SIGINT, "{\"token\": [\"pending\"]}", "/token");
}

static void
killed_after_the_grant(void **state)
{
	(void)state;
	killed_by(SIGKILL, "{\"token\": [{\"slow\": 60}]}", "/token");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(a_name_with_a_slash),
		cmocka_unit_test(an_untrusted_certificate_is_reported),
		cmocka_unit_test(a_second_login_needs_no_options),
		cmocka_unit_test(a_refused_second_login_keeps_the_first),
		cmocka_unit_test(client_credentials_with_a_secret),
		cmocka_unit_test(a_wrong_client_secret),
		cmocka_unit_test(a_secret_that_others_can_read),
		cmocka_unit_test(a_key_with_a_relative_path),
		cmocka_unit_test(the_redirected_address_is_pasted),
		cmocka_unit_test(the_terminal_asks_for_what_is_missing),
		cmocka_unit_test(killed_before_the_code),
		cmocka_unit_test(killed_while_waiting),
		cmocka_unit_test(interrupted_while_waiting),
		cmocka_unit_test(killed_after_the_grant),
	};

	/* A shell ignores it for a program in the background. */
	signal(SIGINT, SIG_DFL);
	return CASES_RUN("logins", logs_in, logins) +
	    CASES_RUN("usage", is_refused, usages) +
	    CASES_RUN("keys", client_credentials_with_a_key, keys) +
	    cmocka_run_group_tests(tests, NULL, NULL);
}
