/*
 * TLS in the whole program: trust, errors, and that nothing is sent to a server
 * that is not trusted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "support/skip.h"
#include "support/tls_fixture.h"

#define WRONG_PIN	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void
went_encrypted(struct tls_fixture *s)
{
	if (s->o.status != 0)
		fail_msg("status %d: %s", s->o.status, s->o.err.data);
	assert_true(mock_smtp_wait_messages(s->host, 1));
	assert_non_null(mock_smtp_heard(s->host, 0)->tls);
	tls_fixture_kept_secret(s);
}

/*
 * Implicit TLS, STARTTLS or neither. Each case has a scheme and its settings.
 */
struct way {
	const char	*scheme;
	struct script	 script;
	const char	*more;
	const char	*commands;	/* the expected commands */
	bool		 encrypted;
};

static void
goes_that_way(void **state)
{
	const struct way	*w = *state;
	struct tls_fixture	 s = { .host = NULL };
	const struct heard	*h;
	char			*commands;

	tls_fixture_open(&s, &w->script, w->scheme, w->more);
	tls_fixture_send(&s);
	assert_string_equal(s.o.err.data, "");
	assert_int_equal(s.o.status, 0);
	assert_true(mock_smtp_wait_closed(s.host, 1));
	h = mock_smtp_heard(s.host, 0);
	commands = heard_commands(h, false);
	assert_string_equal(commands, w->commands);
	assert_int_equal(h->tls != NULL, w->encrypted);
	free(commands);
	tls_fixture_close(&s);
}

#define GOES(sentence, ...) { sentence, goes_that_way, NULL, NULL, \
	&(struct way){ __VA_ARGS__ } }

#define SENT		"MAIL|RCPT|BDAT|QUIT"
#define UPGRADED	"EHLO|STARTTLS|EHLO|" SENT

/* -------------------------------------------------------- the certificates */

enum signer {
	BY_ROOT,		/* the one in tls_ca */
	BY_MIDDLE,		/* by an intermediate that is sent */
	BY_HIDDEN,		/* by an intermediate that is not sent */
	BY_STRANGER,		/* by an unknown root, not sent */
	BY_ITSELF,
};

struct leaf {
	struct certificate_form form;
	enum signer	 signer;
	const char	*more;		/* NULL: tls_ca, mail.example */
	const char	*says;		/* NULL: it is trusted */
	const char	*key;		/* of relais.conf in the error */
};

struct tree {
	struct certificate	root, middle, stranger, leaf;
	char			chain[96], key[96];
};

static void
tree_make(struct tree *t, struct tls_fixture *s, const struct leaf *l)
{
	const struct certificate *const	signers[] = {
		[BY_ROOT] = &t->root, [BY_MIDDLE] = &t->middle,
		[BY_HIDDEN] = &t->middle, [BY_STRANGER] = &t->stranger,
		[BY_ITSELF] = NULL,
	};

	certificate_make(&t->root, &(struct certificate_form){
	    .authority = true, .common_name = "Matrix Root" }, NULL);
	certificate_make(&t->middle, &(struct certificate_form){
	    .authority = true, .common_name = "Matrix Middle" }, &t->root);
	certificate_make(&t->stranger, &(struct certificate_form){
	    .authority = true, .common_name = "Stranger Root" }, NULL);
	certificate_make(&t->leaf, &l->form, signers[l->signer]);
	strlcpy(t->chain, certificate_write(&t->leaf, temp_dir_path(&s->dir,
	    "leaf.pem"), l->signer == BY_HIDDEN ? 0 : CERTIFICATE_CHAIN),
	    sizeof(t->chain));
	strlcpy(t->key, certificate_write_key(&t->leaf, temp_dir_path(&s->dir,
	    "leaf.key"), 0), sizeof(t->key));
	certificate_write(&t->root, temp_dir_path(&s->dir, "root.pem"), 0);
}

static void
tree_free(struct tree *t)
{
	certificate_free(&t->leaf);
	certificate_free(&t->middle);
	certificate_free(&t->stranger);
	certificate_free(&t->root);
}

#define BY_NAME	"tls_ca = {dir}/root.pem\ntls_name = mail.example\n" \
	TLS_FIXTURE_LOGIN

/* Nothing must be sent after the certificate was received. */
static void
nothing_was_said(struct tls_fixture *s, bool at_once)
{
	const struct heard	*h;
	char			*commands;

	assert_true(mock_smtp_wait_closed(s->host, 1));
	h = mock_smtp_heard(s->host, 0);
	commands = heard_commands(h, false);
	assert_string_equal(commands, at_once ? "" : "EHLO|STARTTLS");
	if (at_once)
		assert_int_equal(h->wire.len, 0);
	assert_null(h->tls);
	assert_non_null(h->tls_failure);
	free(commands);
	tls_fixture_kept_secret(s);
}

/* An administrator who copied it would pin the key of an attacker. */
static void
the_pin_was_not_offered(const struct tls_fixture *s, const struct tree *t)
{
	char		*pin = certificate_pin(&t->leaf);
	const char	*digest = pin + strlen("sha256//");

	assert_null(strstr(s->o.err.data, digest));
	assert_null(strstr(s->o.out.data, digest));
	free(pin);
}

static void
judge(const struct leaf *l, bool at_once)
{
	struct tls_fixture	s;
	struct tree		t;

	tls_fixture_begin(&s);
	tree_make(&t, &s, l);
	tls_fixture_open(&s, &(struct script){ .certificate = t.chain, .key =
	    t.key, .user = "nina", .password = TLS_FIXTURE_PASSWORD,
	    .security = at_once ? TLS_AT_ONCE : STARTTLS_OFFERED },
	    at_once ? "submissions" : "submission",
	    l->more != NULL ? l->more : BY_NAME);
	tls_fixture_send(&s);
	if (l->says == NULL) {
		went_encrypted(&s);
	} else {
		tls_fixture_said(&s, l->says);
		tls_fixture_said(&s, l->key);
		tls_fixture_said(&s, "TLS: ");
		assert_int_equal(s.o.status, EX_CONFIG);
		nothing_was_said(&s, at_once);
		the_pin_was_not_offered(&s, &t);
	}
	tree_free(&t);
	tls_fixture_close(&s);
}

static void
is_judged(void **state)
{
	judge(*state, true);
	judge(*state, false);
}

#define CERTIFICATE(sentence, ...) { sentence, is_judged, NULL, NULL, \
	&(struct leaf){ __VA_ARGS__ } }
#define GOOD		.form = { .common_name = "mail.example", \
	.dns = "mail.example" }
#define ANONYMOUS	"tls_ca = {dir}/root.pem\n" TLS_FIXTURE_LOGIN

/* ------------------------------------------------- whom the settings trust */

/* Settings that end an attempt before anything is sent. */
struct setting_case {
	const char	*more;
	const char	*says[3];
	int		 status;	/* 0: it works */
};

static void
is_set(void **state)
{
	const struct setting_case	*c = *state;
	struct tls_fixture		 s = { .host = NULL };

	tls_fixture_begin(&s);
	temp_dir_write(&s.dir, "empty.pem", 0600, "");
	temp_dir_write(&s.dir, "words.pem", 0600, "no certificate\n");
	temp_dir_write(&s.dir, "bare/x", 0600, "");
	temp_dir_write(&s.dir, "open.key", 0644, "-----BEGIN\n");
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED },
	    "submission", c->more);
	tls_fixture_send(&s);
	if (c->status == 0) {
		went_encrypted(&s);
	} else {
		assert_int_equal(s.o.status, c->status);
		for (size_t i = 0; i < 3; i++)
			tls_fixture_said(&s, c->says[i]);
		if (mock_smtp_connections(s.host) > 0) {
			assert_true(mock_smtp_wait_closed(s.host, 1));
			assert_int_equal(mock_smtp_heard(s.host, 0)->wire.len,
			    0);
		}
	}
	tls_fixture_close(&s);
}

#define TRUSTED "tls_ca = {ca}\n"

#define WORKS(sentence, lines) { sentence, is_set, NULL, NULL, \
	&(struct setting_case){ .more = lines } }
#define REFUSED(sentence, lines, ...) { sentence, is_set, NULL, NULL, \
	&(struct setting_case){ .more = lines, .status = EX_CONFIG, \
	    .says = { __VA_ARGS__ } } }

#define TRANSACTION "MAIL FROM:<a@example.org>\r\n" \
	"RCPT TO:<b@example.net>\r\nDATA\r\nSubject: x\r\n\r\nhi\r\n.\r\n"

/*
 * The server closes the first session, and does not offer the same extensions
 * in the second one.
 */
static void
second_session_is_protected(const struct step *change, const char *says)
{
	struct tls_fixture	 s = { .host = NULL };
	struct script		 script = { .security = STARTTLS_OFFERED,
				    .user = "nina",
				    .password = TLS_FIXTURE_PASSWORD,
				    .keywords = "8BITMIME" };
	char			*commands;

	script.steps[0] = (struct step){ .at = ON_BODY, .connection = 1,
	    .say = "250 2.0.0 Ok", .then = THEN_CLOSE };
	script.steps[1] = *change;
	tls_fixture_open(&s, &script, "submission", TRUSTED TLS_FIXTURE_LOGIN);
	program_run(&s.o, &(struct program){ .argv = WORDS("relais", "-C",
	    s.conf, "-bs"), .input = "EHLO me\r\n" TRANSACTION TRANSACTION
	    "QUIT\r\n" });
	assert_int_equal(mock_smtp_messages(s.host), 1);
	assert_int_equal(mock_smtp_connections(s.host), 2);
	assert_true(mock_smtp_wait_closed(s.host, 2));
	commands = heard_commands(mock_smtp_heard(s.host, 1), false);
	assert_null(strstr(commands, "MAIL"));
	free(commands);
	if (strstr(s.o.out.data, says) == NULL)
		fail_msg("%s", s.o.out.data);
	tls_fixture_kept_secret(&s);
	tls_fixture_close(&s);
}

static void
a_later_session_requires_tls_and_auth_again(void **state)
{
	(void)state;
	second_session_is_protected(&(struct step){ .at = ON_EHLO,
	    .connection = 2, .say = "250-mail.example\n250 AUTH PLAIN" },
	    "does not offer TLS");
	second_session_is_protected(&(struct step){ .at = ON_EHLO,
	    .connection = 2, .nth = 2, .say = "250 mail.example" },
	    "does not offer AUTH");
}

/*
 * OpenSSL loads the object that openssl.cnf names.  LD_DEBUG prints which
 * objects are loaded.
 */
static void
loads_for_openssl(const char *object, const char *settings)
{
	struct tls_fixture	s;
	struct program		p;
	char			conf[150], asan[200];
	const char		*set = getenv("ASAN_OPTIONS");

	if (access(object, R_OK) != 0)
		skip_because("the object is not installed");
	tls_fixture_begin(&s);
	snprintf(conf, sizeof(conf), "OPENSSL_CONF=%s",
	    temp_dir_write(&s.dir, "openssl.cnf", 0600, settings));
	snprintf(asan, sizeof(asan), "ASAN_OPTIONS=%s", set != NULL ? set : "");
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED },
	    "submission", TRUSTED);
	p = tls_fixture_program(&s);
	p.env = WORDS("PATH=/usr/bin:/bin", "HOME=/nowhere", "LC_ALL=C", conf,
	    "LD_DEBUG=files", asan);
	program_run(&s.o, &p);
	went_encrypted(&s);
#ifdef __GLIBC__
	tls_fixture_said(&s, object);
#endif
	tls_fixture_close(&s);
}

static void
a_provider_of_openssl_cnf_is_loaded_in_the_sandbox(void **state)
{
	char	object[300], settings[900];

	(void)state;
	snprintf(object, sizeof(object), "%s/legacy.so",
	    OPENSSL_info(OPENSSL_INFO_MODULES_DIR));
	snprintf(settings, sizeof(settings), "openssl_conf = init\n"
	    "[init]\nproviders = providers\n"
	    "[providers]\ndefault = usual\nlegacy = extra\n"
	    "[usual]\nactivate = 1\n"
	    "[extra]\nmodule = %s\nactivate = 1\n", object);
	loads_for_openssl(object, settings);
}

static void
an_engine_of_openssl_cnf_is_loaded_in_the_sandbox(void **state)
{
	char	object[300], settings[900];

	(void)state;
	snprintf(object, sizeof(object), "%s/loader_attic.so",
	    OPENSSL_info(OPENSSL_INFO_ENGINES_DIR));
	snprintf(settings, sizeof(settings), "openssl_conf = init\n"
	    "[init]\nengines = engines\n[engines]\nattic = attic\n"
	    "[attic]\nengine_id = loader_attic\ndynamic_path = %s\n"
	    "init = 0\n", object);
	loads_for_openssl(object, settings);
}

static void
a_group_of_a_later_openssl_is_explained(void **state)
{
	static struct setting_case	c = { .status = EX_CONFIG,
		.more = TRUSTED "tls_groups = X25519MLKEM768:X25519\n",
		.says = { "does not support the group \"X25519MLKEM768\"; "
		    "ML-KEM groups require OpenSSL 3.5 or later" } };
	void				*initial = &c;

	(void)state;
	if (OPENSSL_version_major() > 3 || OPENSSL_version_minor() >= 5)
		skip_because("this OpenSSL supports ML-KEM groups");
	is_set(&initial);
}

/* Twenty wrong pins, followed by the right one. */
static void
twenty_one_pins_are_accepted(void **state)
{
	struct tls_fixture	s = { .host = NULL };
	struct buffer		more = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++)
		buffer_addf(&more, "tls_pin = sha256//%.41s%cA=\n", WRONG_PIN,
		    'A' + i);
	buffer_add_text(&more, "tls_pin = sha256//{pin}\n");
	tls_fixture_open(&s, &(struct script){ .security = TLS_AT_ONCE },
	    "submissions", more.data);
	tls_fixture_send(&s);
	went_encrypted(&s);
	buffer_free(&more);
	tls_fixture_close(&s);
}

/* The client certificate is sent; a server that requires another refuses it. */
static void
our_certificate(const char *client_ca, const char *more, const char *says)
{
	struct tls_fixture	 s;
	struct certificate	 root, leaf;
	char			 ca[96];

	tls_fixture_begin(&s);
	certificate_make(&root, &(struct certificate_form){
	    .authority = true, .common_name = "Client Root" }, NULL);
	certificate_make(&leaf, &(struct certificate_form){
	    .common_name = "nina", .usage = "clientAuth" }, &root);
	certificate_write(&root, temp_dir_path(&s.dir, "client-root.pem"), 0);
	certificate_write(&leaf, temp_dir_path(&s.dir, "own.pem"), 0);
	certificate_write_key(&leaf, temp_dir_path(&s.dir, "own.key"), 0);
	certificate_write(&leaf, temp_dir_path(&s.dir, "both.pem"),
	    CERTIFICATE_KEY);
	snprintf(ca, sizeof(ca), "%s", client_ca == NULL ? s.usual.ca :
	    temp_dir_path(&s.dir, client_ca));
	tls_fixture_open(&s, &(struct script){ .security = STARTTLS_OFFERED,
	    .client_ca = ca }, "submission", more);
	tls_fixture_send(&s);
	if (says == NULL) {
		went_encrypted(&s);
		assert_non_null(strstr(mock_smtp_heard(s.host, 0)->client_name,
		    "nina"));
	} else {
		tls_fixture_said(&s, says);
		assert_int_not_equal(s.o.status, 0);
		assert_int_equal(mock_smtp_messages(s.host), 0);
	}
	certificate_free(&leaf);
	certificate_free(&root);
	tls_fixture_close(&s);
}

static void
the_client_certificate_is_sent(void **state)
{
	(void)state;
	our_certificate("client-root.pem", TRUSTED
	    "tls_certificate = {dir}/own.pem\n"
	    "tls_key = {dir}/own.key\n", NULL);
	our_certificate("client-root.pem", TRUSTED
	    "tls_certificate = {dir}/both.pem\n", NULL);
}

/* With TLS 1.3, the server refuses it only after the handshake. */
static void
a_refused_client_certificate_is_reported(void **state)
{
	(void)state;
	our_certificate(NULL, TRUSTED
	    "tls_certificate = {dir}/both.pem\n",
	    "the server rejects the client certificate; check "
	    "tls_certificate (");
}

/* ------------------------------------------------------ no trust store */

static const char *const	stores[] = {
	"/etc/ssl", "/usr/lib/ssl", "/usr/local/ssl", "/etc/pki",
	"/etc/openssl", "/var/lib/ca-certificates",
	"/usr/local/share/certs", "/usr/local/etc/ssl",
};

/* Mounts an empty directory over each, for this process and its program. */
static bool
hide_stores(void)
{
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
		return false;
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		struct stat	st;

		if (stat(stores[i], &st) == 0 && mount("none", stores[i],
		    "tmpfs", 0, "mode=0755") == -1)
			return false;
	}
	return true;
}

static void
hide_stores_or_die(void *context)
{
	(void)context;
	if (!hide_stores())
		_exit(99);
}

static bool
stores_can_be_hidden(void)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0)
		_exit(hide_stores() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* The trust store that a test has installed for the system. */
struct store {
	const char	*ca;		/* PEM file */
	const char	*to;		/* "/etc/ssl/certs/..." */
};

static void
install_store(void *context)
{
	const struct store	*store = context;
	struct buffer		 pem = { 0 };
	FILE			*to;

	hide_stores_or_die(NULL);
	file_read(&pem, store->ca);
	if (mkdir("/etc/ssl/certs", 0755) == -1 ||
	    (to = fopen(store->to, "w")) == NULL ||
	    fwrite(pem.data, 1, pem.len, to) != pem.len || fclose(to) != 0)
		_exit(99);
	buffer_free(&pem);
}

/* The file name of the usual authority in a hashed directory. */
static void
hashed_name(const struct tls_fixture *s, char *to, size_t size)
{
	DIR		*dir = opendir(s->usual.hashed);
	struct dirent	*entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			snprintf(to, size, "/etc/ssl/certs/%s",
			    entry->d_name);
	closedir(dir);
}

static void
trusts_this_machine(bool hashed)
{
	struct tls_fixture	s = { .host = NULL };
	struct program		p;
	char			to[300] = "/etc/ssl/certs/ca-certificates.crt";
	struct store		store = { .to = to };

	tls_fixture_open(&s, &(struct script){ .security = TLS_AT_ONCE },
	    "submissions", NULL);
	if (hashed)
		hashed_name(&s, to, sizeof(to));
	store.ca = s.usual.ca;
	p = tls_fixture_program(&s);
	p.prepare = install_store;
	p.ctx = &store;
	program_run(&s.o, &p);
	went_encrypted(&s);
	tls_fixture_close(&s);
}

static void
the_hashed_directory_of_the_system_is_trusted(void **state)
{
	(void)state;
	if (!stores_can_be_hidden())
		skip_because("needs a mount namespace of its own");
	trusts_this_machine(true);
}

static void
the_bundle_of_the_system_is_trusted_without_a_directory(void **state)
{
	(void)state;
	if (!stores_can_be_hidden())
		skip_because("needs a mount namespace of its own");
	trusts_this_machine(false);
}

static void
without_a_trust_store_the_server_is_refused(void **state)
{
	struct tls_fixture	s = { .host = NULL };
	struct program		p;

	(void)state;
	if (!stores_can_be_hidden())
		skip_because("needs a mount namespace of its own");
	tls_fixture_open(&s, &(struct script){ .security = TLS_AT_ONCE },
	    "submissions", TLS_FIXTURE_LOGIN);
	p = tls_fixture_program(&s);
	p.prepare = hide_stores_or_die;
	program_run(&s.o, &p);
	assert_int_equal(s.o.status, EX_CONFIG);
	tls_fixture_said(&s, "install the package ca-certificates");
	tls_fixture_said(&s, "tls_ca");
	assert_true(mock_smtp_wait_closed(s.host,
	    mock_smtp_connections(s.host)));
	if (mock_smtp_connections(s.host) > 0)
		assert_int_equal(mock_smtp_heard(s.host, 0)->wire.len, 0);
	tls_fixture_close(&s);
}

/* The caller must not influence the trust store. */
static void
the_environment_does_not_change_the_trust_store(void **state)
{
	struct tls_fixture	s = { .host = NULL };
	struct program		p;
	char			file[128], dir[128];

	(void)state;
	tls_fixture_open(&s, &(struct script){ .security = TLS_AT_ONCE },
	    "submissions", TLS_FIXTURE_LOGIN);
	snprintf(file, sizeof(file), "SSL_CERT_FILE=%s", s.usual.ca);
	snprintf(dir, sizeof(dir), "SSL_CERT_DIR=%s", s.usual.hashed);
	p = tls_fixture_program(&s);
	p.env = WORDS("PATH=/usr/bin:/bin", "LC_ALL=C", file, dir);
	program_run(&s.o, &p);
	assert_int_equal(s.o.status, EX_CONFIG);
	tls_fixture_kept_secret(&s);
	assert_int_equal(mock_smtp_messages(s.host), 0);
	tls_fixture_close(&s);
}

/* A user who cannot read the file in tls_ca. */
static void
become_nobody(void *context)
{
	(void)context;
	if (geteuid() == 0 && (setgid(65534) == -1 || setuid(65534) == -1))
		_exit(99);
}

static void
an_unreadable_tls_ca_names_mode_and_owner(void **state)
{
	struct tls_fixture	s = { .host = NULL };
	struct program		p;

	(void)state;
	tls_fixture_open(&s, &(struct script){ .security = TLS_AT_ONCE },
	    "submissions", "tls_ca = {ca}\n");
	chmod(s.usual.ca, geteuid() == 0 ? 0640 : 0040);
	chmod(s.dir.path, 0755);
	chmod(s.conf, 0644);
	chmod(temp_dir_path(&s.dir, "aliases"), 0644);
	p = tls_fixture_program(&s);
	p.prepare = become_nobody;
	program_run(&s.o, &p);
	assert_int_equal(s.o.status, EX_NOPERM);
	tls_fixture_said(&s, "tls_ca (");
	tls_fixture_said(&s, "relais.conf:");
	tls_fixture_said(&s, "(mode 0");
	tls_fixture_said(&s, "has no permission to read it");
	tls_fixture_close(&s);
}

/* ------------------------------------------------- servers that misbehave */

struct trouble {
	const char	*scheme;
	struct script	 script;
	const char	*more;
	int		 status;
	const char	*says[3];
	const char	*commands;	/* NULL: any text without a secret */
};

static void
is_told(void **state)
{
	const struct trouble	*t = *state;
	struct tls_fixture	 s = { .host = NULL };
	struct buffer		 more = { 0 };

	buffer_addf(&more, "tls_ca = {ca}\n%s%s",
	    t->more != NULL && strstr(t->more, "user") ? "" : TLS_FIXTURE_LOGIN,
	    t->more != NULL ? t->more : "");
	tls_fixture_open(&s, &t->script, t->scheme, more.data);
	tls_fixture_send(&s);
	for (size_t i = 0; i < 3; i++)
		tls_fixture_said(&s, t->says[i]);
	assert_int_equal(s.o.status, t->status);
	tls_fixture_kept_secret(&s);
	assert_int_equal(mock_smtp_messages(s.host), 0);
	if (t->commands != NULL) {
		char	*heard = heard_commands(mock_smtp_heard(s.host, 0),
			    false);

		assert_string_equal(heard, t->commands);
		free(heard);
	}
	buffer_free(&more);
	tls_fixture_close(&s);
}

#define TOLD(sentence, ...) { sentence, is_told, NULL, NULL, \
	&(struct trouble){ __VA_ARGS__ } }

static void
only_p_384(SSL_CTX *ctx)
{
	SSL_CTX_set1_groups_list(ctx, "P-384");
}

/* A server that offers AUTH and STARTTLS, and then ... */
#define UPGRADES(...) .scheme = "submission", .script = { \
	.security = STARTTLS_OFFERED, .user = "nina", \
	.password = TLS_FIXTURE_PASSWORD, .auth_in_clear = true, \
	.steps = { __VA_ARGS__ } }
#define AT_ONCE(...) .scheme = "submissions", .script = { \
	.security = TLS_AT_ONCE, .user = "nina", \
	.password = TLS_FIXTURE_PASSWORD, .steps = { __VA_ARGS__ } }

/*
 * A client hello of more than 1400 octets, as with post-quantum groups: the
 * key of ffdhe8192 has 1024, and the name as many as DNS permits.
 */
#define TEN_OCTETS	"abcdefghi."
#define LONG_NAME	TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS \
	TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS \
	TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS \
	TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS TEN_OCTETS \
	"mail.example"
#define LARGE_HELLO	"tls_groups = ffdhe8192:X25519\ntls_name = " LONG_NAME \
	"\n"
#define DROPS_LARGE(sequel) { .at = ON_HANDSHAKE, .after = 1400, .say = "", \
	.then = sequel }

#define NO_STARTTLS(to, lines) .scheme = to, .script = { \
	.user = "nina", .password = TLS_FIXTURE_PASSWORD }, .more = lines, \
	.status = EX_UNAVAILABLE, .commands = "EHLO|QUIT", \
	.says = { "STARTTLS: the server does not offer TLS, so nothing was " \
	"sent; tls_pin requires TLS (", "relais.conf:" }

/* ----------------------------------------------------- tickets and replies */

/* Session tickets make the socket readable, but are not a reply. */
static void
session_tickets_do_not_delay_the_session(void **state)
{
	(void)state;
	for (int at_once = 0; at_once < 2; at_once++) {
		struct tls_fixture	s = { .host = NULL };

		tls_fixture_open(&s, &(struct script){ .security = at_once ?
		    TLS_AT_ONCE : STARTTLS_OFFERED, .tickets_at_once = true,
		    .user = "nina", .password = TLS_FIXTURE_PASSWORD,
		    .auth_required = true,
		    .steps = { { .at = ON_EHLO, .delay_ms = 20 } } },
		    at_once ? "submissions" : "submission",
		    TRUSTED TLS_FIXTURE_LOGIN "timeout = 5s\n");
		tls_fixture_send(&s);
		went_encrypted(&s);
		tls_fixture_close(&s);
	}
}

/* -------------------------------------------------------------- the log */

struct log_case {
	const char	*scheme;
	struct script	 script;
	const char	*more;
	const char	*line;		/* a part of the log line */
};

static void
is_logged(void **state)
{
	const struct log_case	*c = *state;
	struct tls_fixture	 s = { .host = NULL };
	struct buffer		 more = { 0 };

	buffer_addf(&more, "log = stderr\n%s", c->more);
	tls_fixture_open(&s, &c->script, c->scheme, more.data);
	tls_fixture_send(&s);
	tls_fixture_said(&s, c->line);
	buffer_free(&more);
	tls_fixture_close(&s);
}

#define LOGS(sentence, ...) { sentence, is_logged, NULL, NULL, \
	&(struct log_case){ __VA_ARGS__ } }

static const struct CMUnitTest tls_spec[] = {
	LOGS("the log line names the group of tls_groups", "submission",
	    { .security = STARTTLS_OFFERED },
	    TRUSTED "tls_groups = P-384:X25519\n",
	    " tls=TLSv1.3 group=secp384r1 verified=ca reply=\""),
	LOGS("the log line names the group of TLS 1.2", "submissions",
	    { .security = TLS_AT_ONCE, .tls_max = TLS1_2_VERSION },
	    TRUSTED "tls_groups = X25519:P-256\n",
	    " tls=TLSv1.2 group=X25519 verified=ca reply=\""),
	LOGS("the log line says that the key was pinned", "submissions",
	    { .security = TLS_AT_ONCE }, "tls_pin = {pin}\n",
	    " verified=pin reply=\""),
	LOGS("the log line says that the server was not verified", "submission",
	    { .security = STARTTLS_OFFERED }, "tls = opportunistic\n",
	    " verified=no reply=\""),
	LOGS("the log line says that the message was sent in clear text",
	    "submission", { .security = IN_CLEAR }, "tls = opportunistic\n",
	    " tls=off reply=\""),
	LOGS("the log line of a refused recipient says the same", "submissions",
	    { .security = TLS_AT_ONCE, .steps = { { .at = ON_RCPT,
	    .say = "550 5.1.1 no" } } }, TRUSTED,
	    " verified=ca reply=\""),
	LOGS("without a session, the log line does not mention TLS",
	    "submissions", { .security = TLS_AT_ONCE, .refusing = true }, TRUSTED,
	    "@example.org> reply=\""),

	GOES("submission:// uses STARTTLS", "submission",
	    { .security = STARTTLS_OFFERED }, TRUSTED, UPGRADED, true),
	GOES("submissions:// uses implicit TLS", "submissions",
	    { .security = TLS_AT_ONCE }, TRUSTED, "EHLO|" SENT, true),
	GOES("smtp:// to this machine does not use TLS", "smtp",
	    { .security = STARTTLS_OFFERED }, TRUSTED, "EHLO|" SENT, false),
	GOES("smtp:// uses STARTTLS if tls = required", "smtp",
	    { .security = STARTTLS_OFFERED }, TRUSTED "tls = required\n",
	    UPGRADED, true),
	GOES("smtp:// to this machine uses STARTTLS if a pin is set", "smtp",
	    { .security = STARTTLS_OFFERED }, "tls_pin = {pin}\n", UPGRADED,
	    true),
	GOES("smtp:// to this machine uses STARTTLS if a certificate is set",
	    "smtp",
	    { .security = STARTTLS_OFFERED }, TRUSTED "tls_certificate = "
	    "{chain}\ntls_key = {key}\n", UPGRADED, true),
	GOES("with a pin, tls = opportunistic means required", "submission",
	    { .security = STARTTLS_OFFERED }, "tls_pin = {pin}\n"
	    "tls = opportunistic\n", UPGRADED, true),
	GOES("with a pin, tls = off means required", "submission",
	    { .security = STARTTLS_OFFERED }, "tls_pin = {pin}\ntls = off\n",
	    UPGRADED, true),
	GOES("tls = off does not use TLS", "submission",
	    { .security = STARTTLS_OFFERED }, "tls = off\n", "EHLO|" SENT,
	    false),
	GOES("lmtp:// to this machine does not use TLS", "lmtp",
	    { .lmtp = true }, NULL, "LHLO|MAIL|RCPT|DATA|QUIT", false),
	GOES("lmtp:// uses STARTTLS if tls = required", "lmtp",
	    { .lmtp = true, .security = STARTTLS_OFFERED },
	    TRUSTED "tls = required\n",
	    "LHLO|STARTTLS|LHLO|MAIL|RCPT|DATA|QUIT", true),
	GOES("tls = opportunistic accepts any certificate", "submission",
	    { .security = STARTTLS_OFFERED }, "tls = opportunistic\n",
	    UPGRADED, true),
	GOES("tls = opportunistic accepts a server without STARTTLS",
	    "submission", { .host = NULL },
	    "tls = opportunistic\n", "EHLO|" SENT, false),
	GOES("tls = opportunistic continues if STARTTLS is refused",
	    "submission",
	    { .security = STARTTLS_OFFERED, .steps = { { .at = ON_STARTTLS,
	    .say = "454 4.7.0 not now" } } }, "tls = opportunistic\n",
	    "EHLO|STARTTLS|" SENT, false),
	GOES("an IPv6 address in the certificate is accepted", "submissions",
	    { .security = TLS_AT_ONCE, .address = "::1" }, TRUSTED,
	    "EHLO|" SENT, true),
	GOES("a name in the certificate is accepted", "submissions",
	    { .security = TLS_AT_ONCE }, TRUSTED
	    "smarthost = submissions://localhost:{port}\n", "EHLO|" SENT,
	    true),
	GOES("TLS 1.2 is accepted", "submissions", { .security = TLS_AT_ONCE,
	    .tls_max = TLS1_2_VERSION }, TRUSTED, "EHLO|" SENT, true),

	CERTIFICATE("a certificate of an authority in tls_ca is accepted",
	    GOOD),
	CERTIFICATE("a certificate with its intermediate certificate is "
	    "accepted", GOOD,
	    .signer = BY_MIDDLE),
	CERTIFICATE("an IP address in the certificate is accepted",
	    .form = { .common_name = "x", .ip = "127.0.0.1" },
	    .more = ANONYMOUS),
	CERTIFICATE("a wildcard that stands for one label is accepted",
	    .form = { .dns = "*.example.org" }, .more = ANONYMOUS
	    "tls_name = mail.example.org\n"),
	CERTIFICATE("an expired certificate is refused",
	    .form = { .common_name = "mail.example",
	    .dns = "mail.example", .from_day = -2, .to_day = -1 },
	    .says = "\"CN=mail.example\" expired on 20",
	    .key = "set tls_pin"),
	CERTIFICATE("a certificate that is not yet valid is refused",
	    .form = { .common_name = "mail.example",
	    .dns = "mail.example", .from_day = 1, .to_day = 3 },
	    .says = "\"CN=mail.example\" is not valid before 20",
	    .key = "set tls_pin"),
	CERTIFICATE("a self-signed certificate is refused",
	    GOOD, .signer = BY_ITSELF,
	    .says = "\"CN=mail.example\" is self-signed",
	    .key = "set tls_pin"),
	CERTIFICATE("a certificate of an unknown authority is refused", GOOD,
	    .signer = BY_STRANGER, .says = "was issued by \"CN=Stranger "
	    "Root\"", .key = "tls_ca"),
	CERTIFICATE("a certificate without its intermediate certificate is "
	    "refused", GOOD,
	    .signer = BY_HIDDEN, .says = "was issued by \"CN=Matrix Middle\", "
	    "which the server did not send", .key = "tls_ca"),
	CERTIFICATE("a certificate for another name is refused",
	    .form = { .dns = "a.example" },
	    .says = "is for a.example, not for mail.example",
	    .key = "tls_name"),
	CERTIFICATE("a certificate for a name is refused if the smarthost is "
	    "an address", GOOD,
	    .more = ANONYMOUS,
	    .says = "is for mail.example, not for the address 127.0.0.1",
	    .key = "tls_name"),
	CERTIFICATE("a certificate with the name only in its CN is refused",
	    .form = {
	    .common_name = "mail.example" },
	    .says = "only as its common name (CN)", .key = "tls_pin"),
	CERTIFICATE("a wildcard does not match two labels", .form = {
	    .dns = "*.mail.example" }, .says = "is for *.mail.example, not "
	    "for mail.example", .key = "tls_name"),
	CERTIFICATE("a certificate with a NUL in its name is refused",
	    .form = { .common_name = "x",
	    .dns = "mail.example@.evil.example" },
	    .says = "is for mail.example\\000.evil.example",
	    .key = "tls_name"),
	CERTIFICATE("a certificate for TLS clients is refused",
	    .form = { .dns = "mail.example",
	    .usage = "clientAuth" }, .says = "not issued for use by a server",
	    .key = "tls_pin"),
	CERTIFICATE("a certificate with a key that is not pinned is refused",
	    GOOD,
	    .more = "tls_pin = " WRONG_PIN "\n" TLS_FIXTURE_LOGIN,
	    .says = "has a key that is not pinned; ",
	    .key = "relais.conf:"),
	CERTIFICATE("a certificate of an authority that the system does not "
	    "trust is refused", GOOD,
	    .more = "tls_name = mail.example\n" TLS_FIXTURE_LOGIN,
	    .says = "trust", .key = "tls_ca"),

	WORKS("tls_ca may be a file of certificates", TRUSTED),
	WORKS("tls_ca may be a hashed directory", "tls_ca = {hashed}\n"),
	WORKS("tls_pin replaces the verification of the certificate",
	    "tls_pin = sha256//{pin}\n"
	    "tls_name = other.example\n"),
	WORKS("one of two pins matches", "tls_pin = {pin} " WRONG_PIN "\n"),
	WORKS("tls_name may be another name in the certificate", TRUSTED
	    "tls_name = localhost\n"),
	REFUSED("a tls_ca file that does not exist is refused",
	    "tls_ca = {dir}/none.pem\n",
	    "tls_ca (", "relais.conf:", "none.pem: No such file"),
	REFUSED("an empty tls_ca file is refused", "tls_ca = {dir}/empty.pem\n",
	    "tls_ca (", "empty.pem is empty"),
	REFUSED("a tls_ca file without a certificate is refused",
	    "tls_ca = {dir}/words.pem\n",
	    "tls_ca (", "contains no certificate in PEM format"),
	REFUSED("a tls_ca directory without hashes is refused",
	    "tls_ca = {dir}/bare\n",
	    "tls_ca (", "openssl rehash"),
	REFUSED("a client certificate that does not exist is refused", TRUSTED
	    "tls_certificate = {dir}/none.pem\n",
	    "tls_certificate", "none.pem: No such file"),
	REFUSED("a private key that other users can read is refused", TRUSTED
	    "tls_certificate = {chain}\ntls_key = {dir}/open.key\n",
	    "tls_key", "chmod o-rwx"),
	WORKS("tls_groups may be a list of groups", TRUSTED
	    "tls_groups = P-256:X25519\n"),
	WORKS("tls_min = 1.3 accepts TLS 1.3", TRUSTED "tls_min = 1.3\n"),
	REFUSED("an unknown group is refused", TRUSTED
	    "tls_groups = X25519:nonsense:P-256\n",
	    "OpenSSL 3", "does not support the group \"nonsense\"; check "
	    "tls_groups (", "relais.conf:"),
	REFUSED("a group that is listed twice is refused", TRUSTED
	    "tls_groups = X25519:X25519\n", "does not accept the list of "
	    "groups \"X25519:X25519\"", "; check tls_groups ("),
	cmocka_unit_test(a_group_of_a_later_openssl_is_explained),
	cmocka_unit_test(a_later_session_requires_tls_and_auth_again),
	cmocka_unit_test(a_provider_of_openssl_cnf_is_loaded_in_the_sandbox),
	cmocka_unit_test(an_engine_of_openssl_cnf_is_loaded_in_the_sandbox),
	cmocka_unit_test(twenty_one_pins_are_accepted),
	cmocka_unit_test(the_client_certificate_is_sent),
	cmocka_unit_test(a_refused_client_certificate_is_reported),
	cmocka_unit_test(the_hashed_directory_of_the_system_is_trusted),
	cmocka_unit_test(
	    the_bundle_of_the_system_is_trusted_without_a_directory),
	cmocka_unit_test(without_a_trust_store_the_server_is_refused),
	cmocka_unit_test(the_environment_does_not_change_the_trust_store),
	cmocka_unit_test(an_unreadable_tls_ca_names_mode_and_owner),
	cmocka_unit_test(session_tickets_do_not_delay_the_session),

	TOLD("tls = off contradicts submissions://", .scheme = "submissions",
	    .script = { .security = TLS_AT_ONCE }, .more = "tls = off\n",
	    .status = EX_CONFIG, .says = { "tls = off contradicts "
	    "submissions://", "relais.conf:" }),
	TOLD("the second smarthost requires TLS if the first is down",
	    .scheme = "submission", .script = { .user = "nina",
	    .password = TLS_FIXTURE_PASSWORD }, .more = "smarthost = "
	    "submission://127.0.0.1:1 submission://127.0.0.1:{port}\n",
	    .status = EX_TEMPFAIL, .commands = "EHLO|QUIT",
	    .says = { "STARTTLS: the server does not offer TLS" }),
	TOLD("a server without TLS 1.2 is refused", .scheme = "submissions",
	    .script = { .security = TLS_AT_ONCE, .tls_min = TLS1_VERSION,
	    .tls_max = TLS1_1_VERSION }, .status = EX_UNAVAILABLE,
	    .says = { "TLS: ", "only TLS 1.1 or older" }),
	TOLD("tls_min = 1.3 refuses a server without TLS 1.3",
	    .scheme = "submission", .script = { .security = STARTTLS_OFFERED,
	    .tls_max = TLS1_2_VERSION }, .more = "tls_min = 1.3\n",
	    .status = EX_UNAVAILABLE, .commands = "EHLO|STARTTLS",
	    .says = { "TLS: the server supports only TLS 1.2 or older, but "
	    "TLS 1.3 is required; tls_min = 1.2 permits TLS 1.2, too (",
	    "relais.conf:" }),
	TOLD("a server that supports no group of tls_groups",
	    .scheme = "submission", .script = { .security = STARTTLS_OFFERED,
	    .tls_setup = only_p_384 }, .more = "tls_groups = X25519:P-256\n",
	    .status = EX_TEMPFAIL, .says = { "the server aborted the TLS "
	    "handshake", "check tls_groups: the server may support none of "
	    "these groups (", "relais.conf:" }),
	TOLD("STARTTLS is not offered", .scheme = "submission",
	    .script = { .user = "nina", .password = TLS_FIXTURE_PASSWORD },
	    .status = EX_UNAVAILABLE, .commands = "EHLO|QUIT",
	    .says = { "STARTTLS: the server does not offer TLS" }),
	TOLD("a pin requires STARTTLS from this machine", NO_STARTTLS("smtp",
	    "tls_pin = " WRONG_PIN "\n")),
	TOLD("a pin with tls = opportunistic requires STARTTLS",
	    NO_STARTTLS("submission", "tls_pin = " WRONG_PIN "\n"
	    "tls = opportunistic\n")),
	TOLD("a pin with tls = off requires STARTTLS", NO_STARTTLS("submission",
	    "tls_pin = " WRONG_PIN "\ntls = off\nauth = plain\n")),
	TOLD("a pin with tls = opportunistic fails if STARTTLS is refused",
	    UPGRADES({ .at = ON_STARTTLS, .say = "454 4.7.0 not now" }),
	    .more = "tls_pin = " WRONG_PIN "\ntls = opportunistic\n",
	    .status = EX_TEMPFAIL, .commands = "EHLO|STARTTLS|QUIT",
	    .says = { "STARTTLS: 454 4.7.0 not now" }),
	TOLD("EHLO is refused, and after HELO STARTTLS is not offered",
	    .scheme = "submission", .script = { .user = "nina",
	    .password = TLS_FIXTURE_PASSWORD, .auth_in_clear = true,
	    .security = STARTTLS_OFFERED, .steps = { { .at = ON_EHLO,
	    .say = "502 5.5.1 what?" } } }, .status = EX_UNAVAILABLE,
	    .commands = "EHLO|HELO|QUIT",
	    .says = { "STARTTLS: the server does not offer TLS" }),
	TOLD("STARTTLS gets a temporary refusal", UPGRADES({ .at = ON_STARTTLS,
	    .say = "454 4.7.0 TLS not available" }), .status = EX_TEMPFAIL,
	    .says = { "STARTTLS: 454 4.7.0 TLS not available" },
	    .commands = "EHLO|STARTTLS|QUIT"),
	TOLD("STARTTLS gets a permanent refusal", UPGRADES({ .at = ON_STARTTLS,
	    .say = "500 5.5.1 what?" }), .status = EX_UNAVAILABLE,
	    .says = { "STARTTLS: 500 5.5.1 what?" },
	    .commands = "EHLO|STARTTLS|QUIT"),
	TOLD("STARTTLS gets a positive reply other than 220",
	    UPGRADES({ .at = ON_STARTTLS,
	    .say = "250 2.0.0 yes" }), .status = EX_PROTOCOL,
	    .says = { "STARTTLS: 250 2.0.0 yes" }),
	TOLD("STARTTLS gets no reply", UPGRADES({ .at = ON_STARTTLS,
	    .say = "", .then = THEN_HANG }), .more = "timeout = 2s\n",
	    .status = EX_TEMPFAIL, .says = { "STARTTLS: timed out" }),
	TOLD("STARTTLS gets an invalid reply", UPGRADES({ .at = ON_STARTTLS,
	    .say = "\033[2J" }), .status = EX_PROTOCOL,
	    .says = { "STARTTLS: ", "\\033[2J" }),
	TOLD("the server closes the connection after STARTTLS",
	    UPGRADES({ .at = ON_STARTTLS,
	    .say = "", .then = THEN_CLOSE }), .status = EX_TEMPFAIL,
	    .says = { "STARTTLS: the server closed" }),
	TOLD("a reply in the same segment as the 220",
	    UPGRADES({ .at = ON_STARTTLS,
	    .raw = "220 go\r\n250-x\r\n250 AUTH PLAIN\r\n" }),
	    .status = EX_PROTOCOL, .commands = "EHLO|STARTTLS",
	    .says = { "clear text after its reply to STARTTLS" }),
	TOLD("one octet in the same segment as the 220",
	    UPGRADES({ .at = ON_STARTTLS,
	    .raw = "220 go\r\n\026" }), .status = EX_PROTOCOL,
	    .commands = "EHLO|STARTTLS",
	    .says = { "clear text after its reply to STARTTLS" }),
	TOLD("a reply shortly after the 220", UPGRADES({ .at = ON_STARTTLS,
	    .raw = "220 go\r\n250 AUTH PLAIN\r\n", .how = SPLIT,
	    .split_at = 8 }), .status = EX_PROTOCOL,
	    .says = { "TLS: the server " }),
	TOLD("the 220 in two segments with a further reply",
	    UPGRADES({ .at = ON_STARTTLS,
	    .raw = "220 go\r\n250 x\r\n", .how = SPLIT, .split_at = 4 }),
	    .status = EX_PROTOCOL,
	    .says = { "clear text after its reply to STARTTLS" }),
	TOLD("garbage instead of a TLS handshake",
	    UPGRADES({ .at = ON_HANDSHAKE,
	    .raw = "hello there\r\n", .then = THEN_CLOSE }),
	    .status = EX_PROTOCOL, .commands = "EHLO|STARTTLS",
	    .says = { "TLS: the server " }),
	TOLD("the server does not reply to the TLS handshake",
	    UPGRADES({ .at = ON_HANDSHAKE,
	    .say = "", .then = THEN_HANG }), .more = "timeout = 2s\n",
	    .status = EX_TEMPFAIL, .says = { "TLS: the server does not "
	    "answer the client hello of ", " octets: timed out after 2 s; the "
	    "client hello fits into one packet, so its size is not the reason",
	    "relais.conf:" }),
	TOLD("a small client hello is answered by a reset",
	    UPGRADES({ .at = ON_HANDSHAKE, .after = 1, .say = "",
	    .then = THEN_RESET }), .status = EX_TEMPFAIL, .says = { "TLS: the "
	    "connection was reset after the client hello of ", "; the client "
	    "hello fits into one packet, so its size is not the reason" }),
	TOLD("a middlebox drops large client hellos after STARTTLS",
	    UPGRADES(DROPS_LARGE(THEN_HANG)), .more = LARGE_HELLO
	    "timeout = 1s\n", .status = EX_TEMPFAIL, .says = { "TLS: the "
	    "server does not answer the client hello of 1", " octets: timed "
	    "out after 1 s; a firewall or the server may drop client hellos "
	    "that do not fit into one packet: put a small group, such as "
	    "X25519, first in tls_groups (", "relais.conf:" }),
	TOLD("a middlebox drops large client hellos of implicit TLS",
	    AT_ONCE(DROPS_LARGE(THEN_HANG)), .more = LARGE_HELLO
	    "timeout = 1s\n", .status = EX_TEMPFAIL, .says = { "TLS: the "
	    "server does not answer the client hello of 1", "in tls_groups (",
	    "relais.conf:" }),
	TOLD("a middlebox resets large client hellos",
	    UPGRADES(DROPS_LARGE(THEN_RESET)), .more = LARGE_HELLO,
	    .status = EX_TEMPFAIL, .says = { "TLS: the connection was reset "
	    "after the client hello of 1", "in tls_groups (",
	    "relais.conf:" }),
	TOLD("a middlebox ends the connection after a large client hello",
	    UPGRADES(DROPS_LARGE(THEN_SHUT)), .more = LARGE_HELLO,
	    .status = EX_TEMPFAIL, .says = { "TLS: the connection was closed "
	    "after the client hello of 1", "in tls_groups (",
	    "relais.conf:" }),
	GOES("with tls_groups, the client hello passes the same middlebox",
	    "submission", { .security = STARTTLS_OFFERED, .steps = {
	    DROPS_LARGE(THEN_HANG) } }, "tls_name = " LONG_NAME "\n"
	    "tls_pin = {pin}\ntls_groups = X25519:P-256\ntimeout = 5s\n",
	    UPGRADED, true),
	TOLD("the server closes the connection in the TLS handshake",
	    UPGRADES({ .at = ON_HANDSHAKE,
	    .say = "", .then = THEN_RESET }), .status = EX_TEMPFAIL,
	    .says = { "TLS: " }),
	TOLD("AUTH is offered before TLS, but not after",
	    UPGRADES({ .at = ON_EHLO, .nth = 2, .say = "250 x" }),
	    .status = EX_NOPERM, .commands = "EHLO|STARTTLS|EHLO|QUIT",
	    .says = { "does not offer AUTH" }),
	TOLD("an additional reply after the TLS handshake",
	    AT_ONCE({ .at = ON_EHLO,
	    .also = "235 2.7.0 welcome\r\n" }), .status = EX_PROTOCOL,
	    .commands = "EHLO", .says = { "unexpected reply from the server: "
	    "235" }),
	TOLD("an additional greeting after the TLS handshake",
	    AT_ONCE({ .at = ON_GREETING,
	    .also = "250-x\r\n250 AUTH PLAIN\r\n" }), .status = EX_PROTOCOL,
	    .commands = "", .says =
	    { "unexpected reply from the server: 250" }),
	TOLD("an HTTP server with TLS", AT_ONCE({ .at = ON_GREETING,
	    .raw = "HTTP/1.1 400 Bad Request\r\n\r\n",
	    .then = THEN_CLOSE }), .status = EX_PROTOCOL,
	    .says = { "greeting: ", "HTTP/1.1 400 Bad Request" }),
	TOLD("the connection is cut without close_notify",
	    AT_ONCE({ .at = ON_EHLO,
	    .say = "", .then = THEN_CUT }), .status = EX_TEMPFAIL,
	    .says = { "EHLO: the server closed the connection" }),
	TOLD("a greeting in clear text instead of implicit TLS",
	    .scheme = "submissions", .script = { .user = "nina",
	    .password = TLS_FIXTURE_PASSWORD, .security = STARTTLS_OFFERED },
	    .status = EX_PROTOCOL, .says =
	    { "does not speak TLS; it sent: \"220 " "mail.example",
	    "use submission:// (", "relais.conf:1)" }),
	TOLD("no greeting from a server with implicit TLS",
	    .scheme = "submission",
	    .script = { .security = TLS_AT_ONCE }, .more = "timeout = 2s\n",
	    .status = EX_TEMPFAIL, .says = { "greeting: timed out",
	    "if this port requires implicit TLS, use submissions://",
	    "relais.conf:1)" }),
	TOLD("a TLS alert instead of a greeting", .scheme = "submission",
	    .script = { .steps = { { .at = ON_GREETING, .raw =
	    "\025\003\003\000\002\002\050\n", .raw_len = 8,
	    .then = THEN_CLOSE } } }, .status = EX_PROTOCOL,
	    .says = { "the server seems to speak TLS", "use submissions://" }),
};

int
main(void)
{
	return cmocka_run_group_tests(tls_spec, NULL, NULL);
}
