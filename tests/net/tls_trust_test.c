#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "net/tls.h"
#include "net/tls_trust.h"
#include "support/certificate.h"

enum { CROWD = 40 };

static struct {
	char			 dir[64];
	char			 path[128];	/* of the file under test */
	char			 empty[128];	/* a directory */
	char			 hashed[128];	/* a directory */
	struct certificate	 root, leaf, crowd[CROWD];
} world;

static const char nowhere[] = "/nonexistent/relais";

static void
append(const char *text)
{
	FILE	*f = fopen(world.path, "a");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static bool
verifies(X509_STORE *store, struct tls_bundle *bundle,
    const struct certificate *leaf)
{
	X509_STORE_CTX	*ctx = X509_STORE_CTX_new();
	bool		 ok;

	tls_bundle_load(bundle, store, leaf->x);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf->x, NULL), 1);
	X509_STORE_CTX_set_default(ctx, "ssl_server");
	ok = X509_verify_cert(ctx) == 1;
	X509_STORE_CTX_free(ctx);
	return ok;
}

/*
 * Whether the leaf is verified if only the file under test is trusted; *n is
 * the number of parsed certificates.
 */
static bool
leads_to(const struct certificate *leaf, int *n)
{
	X509_STORE		*store = X509_STORE_new();
	struct tls_bundle	 bundle = { 0 };
	struct failure		 why;
	bool			 ok;

	if (!tls_trust_path(store, &bundle, world.path, &why))
		print_error("%s\n", why.text);
	ok = verifies(store, &bundle, leaf);
	if (n != NULL)
		*n = sk_X509_OBJECT_num(X509_STORE_get0_objects(store));
	tls_bundle_free(&bundle);
	X509_STORE_free(store);
	return ok;
}

static void
write_crowd(void)
{
	for (int i = 0; i < CROWD; i++)
		certificate_write(&world.crowd[i], world.path,
		    CERTIFICATE_APPEND);
}

static void
only_the_required_one_is_parsed(void **state)
{
	int	n;

	(void)state;
	write_crowd();
	certificate_write(&world.root, world.path, CERTIFICATE_APPEND);
	write_crowd();
	assert_true(leads_to(&world.leaf, &n));
	assert_int_equal(n, 1);
}

static void
others_are_not_parsed(void **state)
{
	int	n;

	(void)state;
	write_crowd();
	assert_false(leads_to(&world.leaf, &n));
	assert_int_equal(n, 0);
}

static void
one_of_two_with_the_same_subject(void **state)
{
	struct certificate	namesake;
	int			n;

	(void)state;
	certificate_make(&namesake, &(struct certificate_form){
	    .common_name = "Test Root", .authority = true }, NULL);
	certificate_write(&namesake, world.path, CERTIFICATE_APPEND);
	certificate_write(&world.root, world.path, CERTIFICATE_APPEND);
	assert_true(leads_to(&world.leaf, &n));
	assert_int_equal(n, 2);
	certificate_free(&namesake);
}

/* RFC 5280 section 7.1: case and runs of blanks make no other name. */
static void
a_name_in_another_notation(void **state)
{
	struct certificate	leaf;
	int			n;

	(void)state;
	certificate_make(&leaf, &(struct certificate_form){
	    .issuer_name = "TEST  root" }, &world.root);
	write_crowd();
	certificate_write(&world.root, world.path, CERTIFICATE_APPEND);
	assert_true(leads_to(&leaf, &n));
	assert_int_equal(n, 1);
	certificate_free(&leaf);
}

/*
 * The authority's name has another string type than in the leaf that it has
 * signed.  The file contains the authority alone, and after another one that
 * has the name as in the leaf.
 */
static void
named_in(int kind, const void *text, size_t len)
{
	struct certificate		root, leaf;
	X509_NAME			*name = X509_NAME_new();

	certificate_make(&root, &(struct certificate_form){
	    .authority = true }, NULL);
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", kind, text,
	    (int)len, -1, 0), 1);
	X509_set_subject_name(root.x, name);
	X509_set_issuer_name(root.x, name);
	assert_true(X509_sign(root.x, root.key, EVP_sha256()) > 0);
	certificate_make(&leaf, &(struct certificate_form){
	    .issuer_name = "Test Root" }, &root);
	certificate_write(&root, world.path, 0);
	assert_true(leads_to(&leaf, NULL));
	certificate_write(&world.root, world.path, 0);
	certificate_write(&root, world.path, CERTIFICATE_APPEND);
	assert_true(leads_to(&leaf, NULL));
	X509_NAME_free(name);
	certificate_free(&root);
	certificate_free(&leaf);
}

static void
a_name_of_another_string_type(void **state)
{
	static const char	text[] = "Test Root";
	static const char	wide[] = "\0T\0e\0s\0t\0 \0R\0o\0o\0t";

	(void)state;
	named_in(V_ASN1_UTF8STRING, text, sizeof(text) - 1);
	named_in(V_ASN1_PRINTABLESTRING, text, sizeof(text) - 1);
	named_in(V_ASN1_IA5STRING, text, sizeof(text) - 1);
	named_in(V_ASN1_T61STRING, text, sizeof(text) - 1);
	named_in(V_ASN1_BMPSTRING, wide, sizeof(wide) - 1);
}

/* The subject is not within the part of the base64 that is decoded first. */
static void
a_long_issuer(void **state)
{
	struct certificate	middle, leaf;
	X509_NAME		*name = X509_NAME_new();
	int			n;

	(void)state;
	for (int i = 0; i < 30; i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, "OU",
		    MBSTRING_UTF8, (const unsigned char *)
		    "a part of the name that is forty letters", -1, -1, 0), 1);
	certificate_make(&middle, &(struct certificate_form){
	    .common_name = "Middle", .authority = true }, NULL);
	X509_set_issuer_name(middle.x, name);
	assert_true(X509_sign(middle.x, world.root.key, EVP_sha256()) > 0);
	certificate_make(&leaf, &(struct certificate_form){ .dns = "x" },
	    &middle);
	certificate_write(&middle, world.path, CERTIFICATE_APPEND);
	/* It is found, although its issuer is unknown. */
	assert_false(leads_to(&leaf, &n));
	assert_int_equal(n, 1);
	X509_NAME_free(name);
	certificate_free(&middle);
	certificate_free(&leaf);
}

static void
remarks_and_damage_between_certificates(void **state)
{
	(void)state;
	append("# authorities\n\n-----BEGIN CERTIFICATE-----\n!!!!\n"
	    "-----END CERTIFICATE-----\n");
	append("-----BEGIN CERTIFICATE-----\nMIIB\n"
	    "-----END CERTIFICATE-----\n");
	append("-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n");
	certificate_write(&world.root, world.path, CERTIFICATE_APPEND);
	append("-----BEGIN CERTIFICATE-----\nMIIB");
	assert_true(leads_to(&world.leaf, NULL));
}

/* Remarks may look like the first or the last line of a certificate. */
static void
remarks_that_look_like_pem(void **state)
{
	static const char *const	remarks[] = {
		"# -----BEGIN CERTIFICATE----- of our own\n",
		"-----BEGIN of the new ones\n",
		"-----BEGIN CERTIFICATE----- (the old one was here)\n",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIB\n",
		"-----BEGIN X509 CRL-----\n",
		"see -----BEGIN PUBLIC KEY-----\n",
		"-----END of the old ones\n",
		"-----END CERTIFICATE-----\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(remarks) / sizeof(remarks[0]); i++) {
		certificate_write(&world.crowd[0], world.path, 0);
		append(remarks[i]);
		certificate_write(&world.root, world.path, CERTIFICATE_APPEND);
		append(remarks[i]);
		if (!leads_to(&world.leaf, NULL))
			fail_msg("not found after: %s", remarks[i]);
	}
}

static void
a_byte_order_mark(void **state)
{
	(void)state;
	append("\357\273\277");
	certificate_write(&world.root, world.path, CERTIFICATE_APPEND);
	assert_true(leads_to(&world.leaf, NULL));
}

static void
lines_that_end_with_crlf(void **state)
{
	char	 text[8192], *at = text, *line;
	size_t	 n;
	FILE	*f;

	(void)state;
	certificate_write(&world.root, world.path, 0);
	f = fopen(world.path, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	f = fopen(world.path, "w");
	assert_non_null(f);
	while ((line = strsep(&at, "\n")) != NULL)
		if (*line != '\0')
			fprintf(f, "%s\r\n", line);
	assert_int_equal(fclose(f), 0);
	assert_true(leads_to(&world.leaf, NULL));
}

/* A format of OpenSSL that contains the purposes of the certificate. */
static void
trusted_certificates(void **state)
{
	FILE	*f = fopen(world.path, "w");
	X509	*copy = X509_dup(world.root.x);

	(void)state;
	assert_non_null(f);
	X509_add1_trust_object(copy, OBJ_nid2obj(NID_server_auth));
	assert_int_equal(PEM_write_X509_AUX(f, copy), 1);
	assert_int_equal(fclose(f), 0);
	X509_free(copy);
	assert_true(leads_to(&world.leaf, NULL));
}

static bool
places_lead_to_leaf(const char *directory, const char *file,
    struct failure *why)
{
	const char *const	directories[] = { nowhere, world.empty,
				    directory, NULL };
	const char *const	files[] = { nowhere, world.empty, file, NULL };
	X509_STORE		*store = X509_STORE_new();
	struct tls_bundle	 bundle = { 0 };
	bool			 ok;

	ok = tls_trust_places(store, &bundle,
	    &(struct tls_places){ directories, files }, why) &&
	    verifies(store, &bundle, &world.leaf);
	tls_bundle_free(&bundle);
	X509_STORE_free(store);
	return ok;
}

static void
a_directory_with_hashes_comes_first(void **state)
{
	struct failure	why;

	(void)state;
	append("not a certificate\n");
	assert_true(places_lead_to_leaf(world.hashed, world.path, &why));
}

static void
a_file_comes_second(void **state)
{
	struct failure	why;

	(void)state;
	certificate_write(&world.root, world.path, 0);
	assert_true(places_lead_to_leaf(nowhere, world.path, &why));
}

static void
no_trust_store(void **state)
{
	struct failure	why;

	(void)state;
	assert_false(places_lead_to_leaf(nowhere, nowhere, &why));
	assert_int_equal(why.status, EX_CONFIG);
	assert_non_null(strstr(why.text, "install the package "
	    "ca-certificates"));
	assert_int_equal(why.cause, TLS_CAUSE_NO_STORE);
}

/* The user who starts sendmail must not decide which servers it trusts. */
static void
the_environment_is_ignored(void **state)
{
	X509_STORE		*store = X509_STORE_new();
	struct tls_bundle	 bundle = { 0 };
	struct failure		 why;

	(void)state;
	certificate_write(&world.root, world.path, 0);
	setenv("SSL_CERT_FILE", world.path, 1);
	setenv("SSL_CERT_DIR", world.hashed, 1);
	if (tls_trust_system(store, &bundle, &why))
		assert_false(verifies(store, &bundle, &world.leaf));
	else
		assert_non_null(strstr(why.text, "ca-certificates"));
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	tls_bundle_free(&bundle);
	X509_STORE_free(store);
}

static void
a_directory_with_hashes(void **state)
{
	X509_STORE		*store = X509_STORE_new();
	struct tls_bundle	 bundle = { 0 };
	struct failure		 why;

	(void)state;
	assert_true(tls_trust_path(store, &bundle, world.hashed, &why));
	assert_true(verifies(store, &bundle, &world.leaf));
	X509_STORE_free(store);
}

static void
refuses(const char *path, const char *want)
{
	X509_STORE		*store = X509_STORE_new();
	struct tls_bundle	 bundle = { 0 };
	struct failure		 why;

	assert_false(tls_trust_path(store, &bundle, path, &why));
	assert_int_equal(why.status, EX_CONFIG);
	if (strstr(why.text, want) == NULL)
		print_error("\"%s\" is not in: %s\n", want, why.text);
	assert_non_null(strstr(why.text, want));
	assert_int_equal(why.cause, TLS_CAUSE_CA);
	X509_STORE_free(store);
}

static void
a_missing_file(void **state)
{
	(void)state;
	refuses(nowhere, "/nonexistent/relais: No such file or directory");
}

static void
an_empty_file(void **state)
{
	(void)state;
	append("");
	refuses(world.path, "is empty");
}

static void
a_file_without_certificates(void **state)
{
	(void)state;
	certificate_write_key(&world.root, world.path, 0);
	refuses(world.path, "contains no certificate in PEM format");
}

static void
der_instead_of_pem(void **state)
{
	FILE	*f = fopen(world.path, "w");

	(void)state;
	assert_non_null(f);
	assert_int_equal(i2d_X509_fp(f, world.root.x), 1);
	assert_int_equal(fclose(f), 0);
	refuses(world.path, "openssl x509 -inform DER");
}

static void
a_pipe(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(world.path, 0600), 0);
	refuses(world.path, "is a FIFO, not a regular file");
}

static void
a_huge_file(void **state)
{
	(void)state;
	append("x");
	assert_int_equal(truncate(world.path, 17 * 1024 * 1024), 0);
	refuses(world.path, "larger than 16384 KiB");
}

static void
a_directory_without_hashes(void **state)
{
	(void)state;
	refuses(world.empty, "run: openssl rehash /tmp/");
}

static void
a_directory_with_a_colon(void **state)
{
	(void)state;
	strlcat(world.path, ":x", sizeof(world.path));
	assert_int_equal(mkdir(world.path, 0700), 0);
	refuses(world.path, "must not contain a colon");
	assert_int_equal(rmdir(world.path), 0);
	*strrchr(world.path, ':') = '\0';
}

/* Root can read all files, so another user tries to read the path. */
static void
is_unreadable(const char *path, const char *want)
{
	pid_t	pid = fork();
	int	status;

	assert_true(pid != -1);
	if (pid == 0) {
		X509_STORE		*store = X509_STORE_new();
		struct tls_bundle	 bundle = { 0 };
		struct failure		 why = { 0 };

		if (getuid() == 0 && setuid(65534) == -1)
			_exit(2);
		_exit(tls_trust_path(store, &bundle, path, &why) ||
		    strstr(why.text, want) == NULL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
an_unreadable_file(void **state)
{
	(void)state;
	certificate_write(&world.root, world.path, 0);
	assert_int_equal(chmod(world.path, 0), 0);
	is_unreadable(world.path, "(mode 0000, owner ");
}

static void
an_unreadable_directory(void **state)
{
	(void)state;
	assert_int_equal(chmod(world.empty, 0), 0);
	is_unreadable(world.empty, "Permission denied");
	assert_int_equal(chmod(world.empty, 0700), 0);
}

static int
remove_file(void **state)
{
	(void)state;
	unlink(world.path);
	return 0;
}

static int
make_files(void **state)
{
	char	name[32];

	(void)state;
	strlcpy(world.dir, "/tmp/relais.XXXXXX", sizeof(world.dir));
	assert_non_null(mkdtemp(world.dir));
	assert_int_equal(chmod(world.dir, 0755), 0);
	snprintf(world.path, sizeof(world.path), "%s/file", world.dir);
	snprintf(world.empty, sizeof(world.empty), "%s/empty", world.dir);
	snprintf(world.hashed, sizeof(world.hashed), "%s/hashed",
	    world.dir);
	assert_int_equal(mkdir(world.empty, 0700), 0);
	assert_int_equal(mkdir(world.hashed, 0700), 0);
	certificate_make(&world.root, &(struct certificate_form){
	    .common_name = "Test Root", .authority = true }, NULL);
	certificate_make(&world.leaf, &(struct certificate_form){ .dns = "x" },
	    &world.root);
	for (int i = 0; i < CROWD; i++) {
		snprintf(name, sizeof(name), "Root %d", i);
		certificate_make(&world.crowd[i], &(struct certificate_form){
		    .common_name = name, .authority = true }, NULL);
	}
	certificate_write_hashed(&world.root, world.hashed);
	return 0;
}

static int
remove_files(void **state)
{
	char	path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/%08lx.0", world.hashed,
	    X509_subject_name_hash(world.root.x));
	unlink(path);
	certificate_free(&world.root);
	certificate_free(&world.leaf);
	for (int i = 0; i < CROWD; i++)
		certificate_free(&world.crowd[i]);
	rmdir(world.empty);
	rmdir(world.hashed);
	return rmdir(world.dir);
}

#define SPEC(function)	cmocka_unit_test_teardown(function, remove_file)

static const struct CMUnitTest trust_spec[] = {
	SPEC(only_the_required_one_is_parsed),
	SPEC(others_are_not_parsed),
	SPEC(one_of_two_with_the_same_subject),
	SPEC(a_name_in_another_notation),
	SPEC(a_name_of_another_string_type),
	SPEC(a_long_issuer),
	SPEC(remarks_and_damage_between_certificates),
	SPEC(remarks_that_look_like_pem),
	SPEC(a_byte_order_mark),
	SPEC(lines_that_end_with_crlf),
	SPEC(trusted_certificates),
	SPEC(a_directory_with_hashes_comes_first),
	SPEC(a_file_comes_second),
	SPEC(no_trust_store),
	SPEC(the_environment_is_ignored),
	SPEC(a_directory_with_hashes),
	SPEC(a_missing_file),
	SPEC(an_empty_file),
	SPEC(a_file_without_certificates),
	SPEC(der_instead_of_pem),
	SPEC(a_pipe),
	SPEC(a_huge_file),
	SPEC(a_directory_without_hashes),
	SPEC(a_directory_with_a_colon),
	SPEC(an_unreadable_file),
	SPEC(an_unreadable_directory),
};

int
main(void)
{
	return cmocka_run_group_tests_name("net/tls_trust", trust_spec,
	    make_files, remove_files);
}
