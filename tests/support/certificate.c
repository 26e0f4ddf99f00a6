#include "support/certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

/* Any error ends the test program. */
static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "certificate: %s failed\n", what);
	abort();
}

static void
add_name(X509_NAME *name, const char *common_name)
{
	if (common_name != NULL)
		must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		    (const unsigned char *)common_name, -1, -1, 0), "CN");
}

static void
add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX	 ctx;
	X509_EXTENSION	*e;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(e != NULL && X509_add_ext(x, e, -1), value);
	X509_EXTENSION_free(e);
}

static void
add_alternative(GENERAL_NAMES *names, int type, const void *data, size_t len)
{
	GENERAL_NAME	*g = GENERAL_NAME_new();
	ASN1_STRING	*s = type == GEN_DNS ? ASN1_IA5STRING_new() :
			    ASN1_OCTET_STRING_new();

	must(g != NULL && s != NULL && ASN1_STRING_set(s, data, (int)len),
	    "subjectAltName");
	GENERAL_NAME_set0_value(g, type, s);
	must(sk_GENERAL_NAME_push(names, g) > 0, "subjectAltName");
}

static void
add_dns(GENERAL_NAMES *names, const char *list)
{
	char	*copy = strdup(list), *rest = copy, *one;

	while ((one = strsep(&rest, " ")) != NULL) {
		size_t	len = strlen(one);
		char	*at = memchr(one, '@', len);

		if (at != NULL)
			*at = '\0';
		add_alternative(names, GEN_DNS, one, len);
	}
	free(copy);
}

static void
add_ip(GENERAL_NAMES *names, const char *list)
{
	char		*copy = strdup(list), *rest = copy, *one;
	unsigned char	 address[16];

	while ((one = strsep(&rest, " ")) != NULL) {
		bool	six = strchr(one, ':') != NULL;

		must(inet_pton(six ? AF_INET6 : AF_INET, one, address) == 1,
		    one);
		add_alternative(names, GEN_IPADD, address, six ? 16 : 4);
	}
	free(copy);
}

static void
add_alternatives(X509 *x, const struct certificate_form *form)
{
	GENERAL_NAMES	*names = sk_GENERAL_NAME_new_null();

	if (form->dns != NULL)
		add_dns(names, form->dns);
	if (form->ip != NULL)
		add_ip(names, form->ip);
	if (sk_GENERAL_NAME_num(names) > 0)
		must(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0,
		    X509V3_ADD_DEFAULT) == 1, "subjectAltName");
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}

static void
set_dates(X509 *x, const struct certificate_form *form)
{
	bool	usual = form->from_day == 0 && form->to_day == 0;

	X509_time_adj_ex(X509_getm_notBefore(x), usual ? -1 : form->from_day,
	    0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(x), usual ? 30 : form->to_day,
	    0, NULL);
}

static void
set_names(X509 *x, const struct certificate_form *form,
    const struct certificate *issuer)
{
	X509_NAME	*own = X509_NAME_new();

	add_name(own, form->common_name);
	X509_set_subject_name(x, own);
	if (form->issuer_name != NULL) {
		X509_NAME_free(own);
		own = X509_NAME_new();
		add_name(own, form->issuer_name);
		X509_set_issuer_name(x, own);
	} else {
		X509_set_issuer_name(x, issuer == NULL ? own :
		    X509_get_subject_name(issuer->x));
	}
	X509_NAME_free(own);
}

static void
set_serial(X509 *x)
{
	unsigned char	octets[8];
	long		serial = 0;

	must(RAND_bytes(octets, sizeof(octets)) == 1, "serial");
	for (size_t i = 0; i < 7; i++)
		serial = serial << 8 | octets[i];
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
}

void
certificate_make(struct certificate *c, const struct certificate_form *form,
    const struct certificate *issuer)
{
	const EVP_MD	*md = form->digest != NULL ?
			    EVP_get_digestbyname(form->digest) : EVP_sha256();

	c->issuer = issuer;
	c->key = form->rsa_bits > 0 ?
	    EVP_RSA_gen((unsigned)form->rsa_bits) : form->ed25519 ?
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_EC_gen("P-256");
	c->x = X509_new();
	must(c->key != NULL && c->x != NULL && md != NULL, "key");
	X509_set_version(c->x, X509_VERSION_3);
	set_serial(c->x);
	set_dates(c->x, form);
	set_names(c->x, form, issuer);
	X509_set_pubkey(c->x, c->key);
	add_alternatives(c->x, form);
	add_extension(c->x, c->x, NID_basic_constraints, form->authority ?
	    "critical,CA:TRUE" : "critical,CA:FALSE");
	if (form->key_usage != NULL)
		add_extension(c->x, c->x, NID_key_usage, form->key_usage);
	if (form->usage != NULL)
		add_extension(c->x, c->x, NID_ext_key_usage, form->usage);
	add_extension(c->x, c->x, NID_subject_key_identifier, "hash");
	add_extension(c->x, issuer == NULL ? c->x : issuer->x,
	    NID_authority_key_identifier, "keyid");
	must(X509_sign(c->x, issuer == NULL ? c->key : issuer->key,
	    form->ed25519 ? NULL : md) > 0, "signature");
}

static FILE *
create(const char *path, int flags)
{
	int	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC |
		    (flags & CERTIFICATE_APPEND ? O_APPEND : O_TRUNC), 0600);
	FILE	*f = fd == -1 ? NULL : fdopen(fd, "a");

	must(f != NULL, path);
	return f;
}

const char *
certificate_write(const struct certificate *c, const char *path, int flags)
{
	FILE	*f = create(path, flags);

	must(PEM_write_X509(f, c->x), path);
	if (flags & CERTIFICATE_CHAIN)
		for (const struct certificate *i = c->issuer;
		    i != NULL && i->issuer != NULL; i = i->issuer)
			must(PEM_write_X509(f, i->x), path);
	if (flags & CERTIFICATE_KEY)
		must(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL,
		    NULL), path);
	must(fclose(f) == 0, path);
	return path;
}

const char *
certificate_write_key(const struct certificate *c, const char *path, int flags)
{
	FILE	*f = create(path, flags);

	must(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL), path);
	must(fclose(f) == 0, path);
	return path;
}

void
certificate_write_hashed(const struct certificate *c, const char *dir)
{
	char	path[4096];
	int	n = 0;

	must(mkdir(dir, 0755) == 0 || errno == EEXIST, dir);
	do
		snprintf(path, sizeof(path), "%s/%08lx.%d", dir,
		    X509_subject_name_hash(c->x), n);
	while (access(path, F_OK) == 0 && n++ < 100);
	certificate_write(c, path, 0);
}

char *
certificate_pin(const struct certificate *c)
{
	unsigned char	*der = NULL, digest[32], text[64];
	int		 len = i2d_PUBKEY(c->key, &der);
	char		*pin;

	must(len > 0 && EVP_Digest(der, (size_t)len, digest, NULL,
	    EVP_sha256(), NULL) == 1, "pin");
	OPENSSL_free(der);
	EVP_EncodeBlock(text, digest, sizeof(digest));
	must(asprintf(&pin, "sha256//%s", text) > 0, "pin");
	return pin;
}

void
certificate_free(struct certificate *c)
{
	X509_free(c->x);
	EVP_PKEY_free(c->key);
	*c = (struct certificate){ 0 };
}

void
certificate_usual(struct usual_certificates *u, struct temp_dir *dir)
{
	struct certificate	 root, middle, leaf;
	char			*pin;

	certificate_make(&root, &(struct certificate_form){
	    .common_name = "relais test root", .authority = true }, NULL);
	certificate_make(&middle, &(struct certificate_form){
	    .common_name = "relais test issuer", .authority = true }, &root);
	certificate_make(&leaf, &(struct certificate_form){
	    .common_name = "localhost", .dns = "localhost mail.example",
	    .ip = "127.0.0.1 ::1" }, &middle);
	strlcpy(u->ca, certificate_write(&root,
	    temp_dir_path(dir, "ca.pem"), 0), sizeof(u->ca));
	strlcpy(u->hashed, temp_dir_path(dir, "hashed"), sizeof(u->hashed));
	certificate_write_hashed(&root, u->hashed);
	strlcpy(u->chain, certificate_write(&leaf, temp_dir_path(dir,
	    "chain.pem"), CERTIFICATE_CHAIN), sizeof(u->chain));
	strlcpy(u->key, certificate_write_key(&leaf,
	    temp_dir_path(dir, "key.pem"), 0), sizeof(u->key));
	pin = certificate_pin(&leaf);
	strlcpy(u->pin, pin + strlen("sha256//"), sizeof(u->pin));
	free(pin);
	certificate_free(&leaf);
	certificate_free(&middle);
	certificate_free(&root);
}
