#include "net/tls_bundle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "util/memory.h"
#include "util/text.h"

/* Nearly all certificates have their subject in this many base64 characters. */
enum { HEAD = 768 };

#define DASHES	"-----"
#define BEGIN	DASHES "BEGIN "

/* ASN.1 tags in and before a name. */
enum {
	INTEGER		= 0x02,
	OBJECT		= 0x06,
	UTF8		= 0x0c,
	PRINTABLE	= 0x13,
	IA5		= 0x16,
	SEQUENCE	= 0x30,
	SET		= 0x31,
	EXPLICIT	= 0xa0,
};

struct tls_bundle_entry {
	const char	*pem;		/* the BEGIN line, in .text */
	size_t		 pem_len;
	size_t		 subject;	/* offset of the DER in .subjects */
	size_t		 subject_len;
	uint32_t	 hash;		/* name_hash() of the subject */
	bool		 loaded;	/* the certificate is in the store */
};

/*
 * Moves *at to the contents of a DER element with this tag.  *len may exceed
 * the rest of the data if only the head of a certificate was decoded.
 */
static bool
der_open(const unsigned char **at, const unsigned char *end, unsigned tag,
    size_t *len)
{
	const unsigned char	*p = *at;
	size_t			 octets;

	if (end - p < 2 || p[0] != tag)
		return false;
	*len = p[1];
	p += 2;
	if (*len >= 0x80) {
		octets = *len & 0x7f;
		if (octets == 0 || octets > 3 || (size_t)(end - p) < octets)
			return false;
		for (*len = 0; octets > 0; octets--)
			*len = *len << 8 | *p++;
	}
	*at = p;
	return true;
}

static bool
der_skip(const unsigned char **at, const unsigned char *end, unsigned tag)
{
	size_t	len;

	if (!der_open(at, end, tag, &len) || (size_t)(end - *at) < len)
		return false;
	*at += len;
	return true;
}

/* Finds TBSCertificate.subject (RFC 5280 section 4.1). */
static bool
find_subject(const unsigned char *der, size_t len, const unsigned char **from,
    const unsigned char **to)
{
	const unsigned char	*end = der + len;
	size_t			 size;

	if (!der_open(&der, end, SEQUENCE, &size) ||	/* Certificate */
	    !der_open(&der, end, SEQUENCE, &size))	/* TBSCertificate */
		return false;
	if (der < end && *der == EXPLICIT && !der_skip(&der, end, EXPLICIT))
		return false;
	if (!der_skip(&der, end, INTEGER) ||		/* serialNumber */
	    !der_skip(&der, end, SEQUENCE) ||		/* signature */
	    !der_skip(&der, end, SEQUENCE) ||		/* issuer */
	    !der_skip(&der, end, SEQUENCE))		/* validity */
		return false;
	*from = der;
	if (!der_skip(&der, end, SEQUENCE))
		return false;
	*to = der;
	return true;
}

/*
 * Returns a hash that is the same for all names that OpenSSL considers equal:
 * it does not depend on case, blanks, order and string types.  Names with
 * different hashes need not be parsed.  Returns 0 if the name contains a rare
 * string type; such a name may equal any other.
 */
static uint32_t
name_hash(const unsigned char *name, size_t len)
{
	const unsigned char	*at = name, *end = name + len;
	uint32_t		 hash = 1;
	size_t			 size;

	if (!der_open(&at, end, SEQUENCE, &size))
		return 0;
	while (at < end) {
		if (der_open(&at, end, SET, &size) ||
		    der_open(&at, end, SEQUENCE, &size) ||
		    der_skip(&at, end, OBJECT))
			continue;
		if (!(der_open(&at, end, UTF8, &size) ||
		    der_open(&at, end, PRINTABLE, &size) ||
		    der_open(&at, end, IA5, &size)) ||
		    (size_t)(end - at) < size)
			return 0;
		for (size_t i = 0; i < size; i++) {
			unsigned char	c = at[i] | 0x20;

			if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
				hash += (uint32_t)c * c;
		}
		at += size;
	}
	return hash;
}

/* Decodes len characters of base64 with line ends. */
static bool
decode_lines(struct buffer *der, const char *base64, size_t len)
{
	EVP_ENCODE_CTX	*ctx = EVP_ENCODE_CTX_new();
	int		 n = -1;

	buffer_clear(der);
	if (ctx != NULL) {
		unsigned char	*to = (unsigned char *)buffer_room(der, len);

		EVP_DecodeInit(ctx);
		if (EVP_DecodeUpdate(ctx, to, &n,
		    (const unsigned char *)base64, (int)len) == -1)
			n = -1;
	}
	EVP_ENCODE_CTX_free(ctx);
	if (n < 0)
		return false;
	der->len = (size_t)n;
	return true;
}

/*
 * Adds the certificate with this body to the index; it is ignored if its
 * subject cannot be found.
 */
static void
index_certificate(struct tls_bundle *b, struct tls_bundle_entry e,
    const char *body, size_t len, struct buffer *der)
{
	const unsigned char	*from, *to;
	size_t			 part = len < HEAD ? len : HEAD;

	while (!decode_lines(der, body, part) ||
	    !find_subject((unsigned char *)der->data, der->len, &from, &to)) {
		if (part == len)
			return;
		part = len;
	}
	e.subject = b->subjects.len;
	e.subject_len = (size_t)(to - from);
	e.hash = name_hash(from, e.subject_len);
	buffer_add(&b->subjects, from, e.subject_len);
	b->entry = memory_room(b->entry, b->n, &b->cap, sizeof(*b->entry));
	b->entry[b->n++] = e;
}

static bool
starts_with(const char *at, const char *end, const char *word)
{
	size_t	len = strlen(word);

	return (size_t)(end - at) >= len && memcmp(at, word, len) == 0;
}

static const char *
line_end(const char *at, const char *end)
{
	const char	*newline = memchr(at, '\n', (size_t)(end - at));

	return newline != NULL ? newline : end;
}

/*
 * True if "-----BEGIN CERTIFICATE-----" is the whole line, apart from blanks
 * and a byte order mark.
 */
static bool
begins_certificate(const struct tls_bundle *b, const char *at)
{
	const char	*text = b->text.data;
	const char	*stop = line_end(at, text + b->text.len);
	const char	*label = at + strlen(BEGIN);

	if (!starts_with(label, stop, "CERTIFICATE" DASHES) &&
	    !starts_with(label, stop, "X509 CERTIFICATE" DASHES) &&
	    !starts_with(label, stop, "TRUSTED CERTIFICATE" DASHES))
		return false;
	while (at > text && text_is_blank(at[-1]))
		at--;
	if (at != text && at[-1] != '\n' &&
	    !(at - text == 3 && starts_with(text, at, "\357\273\277")))
		return false;
	at = memmem(label, (size_t)(stop - label), DASHES, strlen(DASHES));
	at += strlen(DASHES);
	while (at < stop && (text_is_blank(*at) || *at == '\r'))
		at++;
	return at == stop;
}

/*
 * Base64 contains no dashes: unless the next dashes are an END line, this is
 * not a certificate, and the search continues at the dashes.
 */
static void
index_all(struct tls_bundle *b)
{
	const char	*end = b->text.data + b->text.len;
	const char	*at = b->text.data;
	struct buffer	 der = { 0 };

	while ((at = memmem(at, (size_t)(end - at), BEGIN,
	    strlen(BEGIN))) != NULL) {
		struct tls_bundle_entry	 e = { .pem = at };
		const char		*body = line_end(at, end);
		const char		*last = memmem(body,
					    (size_t)(end - body), DASHES,
					    strlen(DASHES));

		if (!begins_certificate(b, at)) {
			at += strlen(BEGIN);
			continue;
		}
		if (last == NULL)
			break;
		if (starts_with(last, end, "-----END ")) {
			e.pem_len = (size_t)(line_end(last, end) - at);
			index_certificate(b, e, body, (size_t)(last - body),
			    &der);
		}
		at = last;
	}
	buffer_free(&der);
}

bool
tls_bundle_index(struct tls_bundle *b, struct buffer *text)
{
	b->text = *text;
	ERR_set_mark();
	if (text->len > 0)
		index_all(b);
	ERR_pop_to_mark();
	if (b->n == 0) {
		b->text = (struct buffer){ 0 };
		return false;
	}
	*text = (struct buffer){ 0 };
	return true;
}

/* Compares names as OpenSSL does: the string types may differ. */
static bool
is_named(const struct tls_bundle *b, const struct tls_bundle_entry *e,
    const X509_NAME *name)
{
	const unsigned char	*der = (unsigned char *)b->subjects.data +
				    e->subject;
	X509_NAME		*subject = d2i_X509_NAME(NULL, &der,
				    (long)e->subject_len);
	bool			 same = subject != NULL &&
				    X509_NAME_cmp(subject, name) == 0;

	X509_NAME_free(subject);
	return same;
}

/*
 * Parses all certificates with this subject, and then those of their issuers,
 * and adds them to the store.
 */
static void
load_subject(struct tls_bundle *b, X509_STORE *store, const X509_NAME *name)
{
	const unsigned char	*der;
	size_t			 len;
	uint32_t		 hash;

	if (X509_NAME_get0_der(name, &der, &len) != 1)
		return;
	hash = name_hash(der, len);
	for (size_t i = 0; i < b->n; i++) {
		struct tls_bundle_entry	*e = &b->entry[i];
		BIO			*bio;
		X509			*x;

		if (e->loaded || (hash != 0 && e->hash != 0 &&
		    hash != e->hash) || !is_named(b, e, name))
			continue;
		e->loaded = true;
		if ((bio = BIO_new_mem_buf(e->pem, (int)e->pem_len)) == NULL)
			continue;
		x = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
		BIO_free(bio);
		if (x != NULL && X509_STORE_add_cert(store, x) == 1)
			load_subject(b, store, X509_get_issuer_name(x));
		X509_free(x);
	}
}

void
tls_bundle_load(struct tls_bundle *b, X509_STORE *store, const X509 *x)
{
	ERR_set_mark();
	load_subject(b, store, X509_get_subject_name(x));
	load_subject(b, store, X509_get_issuer_name(x));
	ERR_pop_to_mark();
}

void
tls_bundle_free(struct tls_bundle *b)
{
	free(b->entry);
	buffer_free(&b->text);
	buffer_free(&b->subjects);
	*b = (struct tls_bundle){ 0 };
}
