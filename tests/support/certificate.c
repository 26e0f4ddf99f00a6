#include "support/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base64.h"
#include "util/memory.h"

enum { DAY = 24 * 60 * 60 };

struct certificate {
	X509			 *x509;
	EVP_PKEY		 *key;
	const struct certificate *issuer;	/* NULL: itself */
};

static void
need(bool ok, const char *what)
{
	if (!ok)
		fail_msg("certificate: %s", what);
}

static void
set_validity(X509 *x, const struct wish *w)
{
	long	from = w->not_yet ? DAY : -DAY, to = from + 2 * DAY;

	if (w->expired) {
		from = -2 * DAY;
		to = -DAY;
	}
	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), to);
}

static void
set_names(X509 *x, const struct certificate *issuer, const struct wish *w)
{
	X509_NAME	*name = X509_get_subject_name(x);
	const char	*cn = w->name != NULL ? w->name : w->dns;
	int		 len = -1;

	if (cn == NULL)
		cn = "unnamed";
	if (w->name == NULL)
		len = (int)strcspn(cn, " ");
	need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)cn, len, -1, 0) == 1, "name");
	need(X509_set_issuer_name(x, issuer != NULL ?
	    X509_get_subject_name(issuer->x509) : name) == 1, "issuer");
}

static void
push_dns(GENERAL_NAMES *names, const char *data, size_t len)
{
	GENERAL_NAME	*gn = GENERAL_NAME_new();
	ASN1_IA5STRING	*text = ASN1_IA5STRING_new();

	need(ASN1_STRING_set(text, data, (int)len) == 1, "SAN");
	GENERAL_NAME_set0_value(gn, GEN_DNS, text);
	sk_GENERAL_NAME_push(names, gn);
}

static void
push_ip(GENERAL_NAMES *names, const char *text)
{
	GENERAL_NAME		*gn = GENERAL_NAME_new();
	ASN1_OCTET_STRING	*ip = a2i_IPADDRESS(text);

	need(ip != NULL, text);
	GENERAL_NAME_set0_value(gn, GEN_IPADD, ip);
	sk_GENERAL_NAME_push(names, gn);
}

/* Each word of a list. */
static void
push_words(GENERAL_NAMES *names, const char *list, bool ip)
{
	char	word[256];
	size_t	n;

	for (; list != NULL && *list != '\0'; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		need(n < sizeof(word), "a long name");
		memcpy(word, list, n);
		word[n] = '\0';
		if (ip)
			push_ip(names, word);
		else
			push_dns(names, word, n);
	}
}

static void
add_san(X509 *x, const struct wish *w)
{
	GENERAL_NAMES	*names = GENERAL_NAMES_new();

	push_words(names, w->dns, false);
	if (w->dns_bytes != NULL)
		push_dns(names, w->dns_bytes, w->dns_bytes_len);
	push_words(names, w->ip, true);
	if (!w->no_san && sk_GENERAL_NAME_num(names) > 0)
		need(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0,
		    X509V3_ADD_APPEND) == 1, "SAN");
	GENERAL_NAMES_free(names);
}

static void
add_extension(X509 *x, const struct certificate *issuer, int nid,
    const char *value)
{
	X509V3_CTX	 ctx;
	X509_EXTENSION	*ext;

	X509V3_set_ctx(&ctx, issuer != NULL ? issuer->x509 : x, x, NULL, NULL,
	    0);
	need((ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value)) != NULL,
	    value);
	X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
}

static void
add_usage(X509 *x, const struct certificate *issuer, const struct wish *w)
{
	add_extension(x, issuer, NID_basic_constraints,
	    w->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	add_extension(x, issuer, NID_key_usage, w->ca ?
	    "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	if (!w->ca)
		add_extension(x, issuer, NID_ext_key_usage,
		    w->for_clients ? "clientAuth" : "serverAuth");
	add_extension(x, issuer, NID_subject_key_identifier, "hash");
	add_extension(x, issuer, NID_authority_key_identifier, "keyid");
}

static void
set_serial(X509 *x)
{
	need(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x),
	    (uint64_t)arc4random() + 1) == 1, "serial number");
}

struct certificate *
certificate_make(struct certificate *issuer, const struct wish *w)
{
	struct certificate	*c = memory_new(1, sizeof(*c));

	c->issuer = issuer;
	need((c->key = EVP_EC_gen("P-256")) != NULL, "key");
	need((c->x509 = X509_new()) != NULL, "X509_new");
	X509_set_version(c->x509, X509_VERSION_3);
	set_serial(c->x509);
	set_validity(c->x509, w);
	set_names(c->x509, issuer, w);
	X509_set_pubkey(c->x509, c->key);
	add_usage(c->x509, issuer, w);
	add_san(c->x509, w);
	need(X509_sign(c->x509, issuer != NULL ? issuer->key : c->key,
	    EVP_sha256()) > 0, "signature");
	return c;
}

void
certificate_free(struct certificate *c)
{
	if (c == NULL)
		return;
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
	free(c);
}

static FILE *
create(const char *path)
{
	FILE	*f = fopen(path, "we");

	if (f == NULL || fchmod(fileno(f), 0600) == -1)
		fail_msg("%s: %s", path, strerror(errno));
	return f;
}

const char *
certificate_write(const struct certificate *c, struct folder *folder,
    const char *name)
{
	const char	*path = folder_path(folder, name);
	FILE		*f = create(path);

	need(PEM_write_X509(f, c->x509) == 1 && fclose(f) == 0, path);
	return path;
}

/* It, and those above it but for the root, which the client has. */
static void
write_chain(FILE *f, const struct certificate *c)
{
	do {
		need(PEM_write_X509(f, c->x509) == 1, "PEM");
		c = c->issuer;
	} while (c != NULL && c->issuer != NULL);
}

static void
write_key(FILE *f, const struct certificate *c)
{
	need(PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL) == 1,
	    "key");
}

const char *
certificate_write_chain(const struct certificate *c, struct folder *folder,
    const char *name)
{
	const char	*path = folder_path(folder, name);
	FILE		*f = create(path);

	write_chain(f, c);
	need(fclose(f) == 0, path);
	return path;
}

const char *
certificate_write_key(const struct certificate *c, struct folder *folder,
    const char *name)
{
	const char	*path = folder_path(folder, name);
	FILE		*f = create(path);

	write_key(f, c);
	need(fclose(f) == 0, path);
	return path;
}

const char *
certificate_write_both(const struct certificate *c, struct folder *folder,
    const char *name)
{
	const char	*path = folder_path(folder, name);
	FILE		*f = create(path);

	write_chain(f, c);
	write_key(f, c);
	need(fclose(f) == 0, path);
	return path;
}

const char *
certificate_write_hashed(const struct certificate *c, struct folder *folder,
    const char *name)
{
	const char	*path = folder_path(folder, name);
	unsigned long	 hash = X509_NAME_hash_ex(
			    X509_get_subject_name(c->x509), NULL, NULL, NULL);
	char		 file[256];
	FILE		*f = NULL;

	if (mkdir(path, 0755) == -1 && errno != EEXIST)
		fail_msg("%s: %s", path, strerror(errno));
	/* Another with the same name may be there: .0, .1, ... */
	for (int i = 0; f == NULL && i < 10; i++) {
		snprintf(file, sizeof(file), "%s/%08lx.%d", path, hash, i);
		f = fopen(file, "wxe");
	}
	need(f != NULL && PEM_write_X509(f, c->x509) == 1 && fclose(f) == 0,
	    file);
	return path;
}

void
certificate_pin(const struct certificate *c, char pin[45])
{
	unsigned char	*spki = NULL, sum[EVP_MAX_MD_SIZE];
	int		 len = i2d_PUBKEY(c->key, &spki);
	unsigned	 n = 0;
	struct buffer	 text = { 0 };

	need(len > 0 && EVP_Digest(spki, (size_t)len, sum, &n, EVP_sha256(),
	    NULL) == 1, "pin");
	base64_encode(&text, sum, n);
	strlcpy(pin, text.data, 45);
	buffer_free(&text);
	OPENSSL_free(spki);
}

void
certificate_usual(struct usual_certificates *u, struct folder *folder)
{
	struct certificate	*root, *middle, *leaf;

	root = certificate_make(NULL,
	    &(struct wish){ .name = "relais test root", .ca = true });
	middle = certificate_make(root,
	    &(struct wish){ .name = "relais test issuer", .ca = true });
	leaf = certificate_make(middle, &(struct wish){
	    .dns = "localhost mail.example", .ip = "127.0.0.1 ::1" });
	strlcpy(u->ca, certificate_write(root, folder, "ca.pem"),
	    sizeof(u->ca));
	strlcpy(u->hashed, certificate_write_hashed(root, folder, "hashed"),
	    sizeof(u->hashed));
	strlcpy(u->chain, certificate_write_chain(leaf, folder, "chain.pem"),
	    sizeof(u->chain));
	strlcpy(u->key, certificate_write_key(leaf, folder, "key.pem"),
	    sizeof(u->key));
	certificate_pin(leaf, u->pin);
	certificate_free(leaf);
	certificate_free(middle);
	certificate_free(root);
}
