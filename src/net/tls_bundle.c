#include "net/tls_bundle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "util/memory.h"
#include "util/text.h"

/* Characters of base64 that contain the subject of nearly all certificates. */
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

struct entry {
	const char	*pem;		/* the BEGIN line, in .text */
	size_t		 pem_len;
	size_t		 subject;	/* offset of the DER in .subjects */
	size_t		 subject_len;
	uint32_t	 hash;		/* name_hash() of the subject */
};

struct bundle {
	struct buffer		 text;
	struct buffer		 subjects;
	struct entry		*entry;		/* owned */
	size_t			 n;
	size_t			 cap;
	X509_LOOKUP_METHOD	*method;
};

/*
 * Moves *at to the contents of a DER element with this tag.  The length may
 * exceed the end, since perhaps only the head of a certificate was decoded.
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

static uint32_t
letters_hash(const unsigned char *text, size_t len)
{
	uint32_t	hash = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char	c = text[i] | 0x20;

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			hash += (uint32_t)c * c;
	}
	return hash;
}

/*
 * A hash that is equal for names that OpenSSL considers equal, independent of
 * case, blanks, order and string types: names with different hashes need not
 * be parsed.  0: unknown, because of a rare string type.
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
		hash += letters_hash(at, size);
		at += size;
	}
	return hash;
}

/* Decodes 'len' characters of base64 with line ends. */
static bool
decode_head(struct buffer *der, const char *base64, size_t len)
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

static void
add_entry(struct bundle *b, struct entry e, const unsigned char *from,
    const unsigned char *to)
{
	e.subject = b->subjects.len;
	e.subject_len = (size_t)(to - from);
	e.hash = name_hash(from, e.subject_len);
	buffer_add(&b->subjects, from, e.subject_len);
	b->entry = memory_room(b->entry, b->n, &b->cap, sizeof(*b->entry));
	b->entry[b->n++] = e;
}

/* A certificate whose subject cannot be found is ignored. */
static void
index_one(struct bundle *b, struct entry e, const char *body, size_t len,
    struct buffer *der)
{
	const unsigned char	*from, *to;

	for (size_t part = len < HEAD ? len : HEAD;; part = len) {
		if (decode_head(der, body, part) &&
		    find_subject((unsigned char *)der->data, der->len, &from,
		    &to)) {
			add_entry(b, e, from, to);
			return;
		}
		if (part == len)
			return;
	}
}

static bool
starts_with(const char *at, const char *end, const char *word)
{
	size_t	len = strlen(word);

	return (size_t)(end - at) >= len && memcmp(at, word, len) == 0;
}

static bool
is_certificate(const char *label, const char *end)
{
	return starts_with(label, end, "CERTIFICATE-----") ||
	    starts_with(label, end, "X509 CERTIFICATE-----") ||
	    starts_with(label, end, "TRUSTED CERTIFICATE-----");
}

/* Only blanks or a byte order mark precede it in its line. */
static bool
begins_line(const char *at, const char *text)
{
	while (at > text && text_is_blank(at[-1]))
		at--;
	return at == text || at[-1] == '\n' ||
	    (at - text == 3 && memcmp(text, "\357\273\277", 3) == 0);
}

/* Only blanks follow in this line. */
static bool
ends_line(const char *at, const char *end)
{
	while (at < end && (text_is_blank(*at) || *at == '\r'))
		at++;
	return at == end || *at == '\n';
}

/* The end of the line. */
static const char *
line_end(const char *at, const char *end)
{
	const char	*newline = memchr(at, '\n', (size_t)(end - at));

	return newline != NULL ? newline : end;
}

/* "-----BEGIN CERTIFICATE-----", alone in its line. */
static bool
begins_certificate(const struct bundle *b, const char *at)
{
	const char	*stop = line_end(at, b->text.data + b->text.len);
	const char	*label = at + strlen(BEGIN);
	const char	*dashes;

	if (!begins_line(at, b->text.data) || !is_certificate(label, stop))
		return false;
	dashes = memmem(label, (size_t)(stop - label), DASHES, strlen(DASHES));
	return ends_line(dashes + strlen(DASHES), stop);
}

/*
 * Base64 contains no dashes: unless the next dashes are an END line, this is
 * not a certificate, and the search continues at the dashes.
 */
static void
index_all(struct bundle *b)
{
	const char	*end = b->text.data + b->text.len;
	const char	*at = b->text.data;
	struct buffer	 der = { 0 };

	while ((at = memmem(at, (size_t)(end - at), BEGIN,
	    strlen(BEGIN))) != NULL) {
		struct entry	 e = { .pem = at };
		const char	*body = line_end(at, end);
		const char	*last = memmem(body, (size_t)(end - body),
				    DASHES, strlen(DASHES));

		if (!begins_certificate(b, at)) {
			at += strlen(BEGIN);
			continue;
		}
		if (last == NULL)
			break;
		if (starts_with(last, end, "-----END ")) {
			e.pem_len = (size_t)(line_end(last, end) - at);
			index_one(b, e, body, (size_t)(last - body), &der);
		}
		at = last;
	}
	buffer_free(&der);
}

/* Parses a certificate and adds it to the store. */
static X509 *
load_entry(X509_STORE *store, const struct entry *e)
{
	BIO	*bio = BIO_new_mem_buf(e->pem, (int)e->pem_len);
	X509	*x = bio == NULL ? NULL :
	    PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);

	BIO_free(bio);
	if (x != NULL && !X509_STORE_add_cert(store, x)) {
		X509_free(x);
		x = NULL;
	}
	return x;
}

/* Compares names as OpenSSL does: the string types may differ. */
static bool
is_named(const struct bundle *b, const struct entry *e, const X509_NAME *name,
    uint32_t hash)
{
	const unsigned char	*der;
	X509_NAME		*subject;
	bool			 same;

	if (hash != 0 && e->hash != 0 && hash != e->hash)
		return false;
	der = (unsigned char *)b->subjects.data + e->subject;
	subject = d2i_X509_NAME(NULL, &der, (long)e->subject_len);
	same = subject != NULL && X509_NAME_cmp(subject, name) == 0;
	X509_NAME_free(subject);
	return same;
}

/*
 * Adds all certificates with this subject to the store, where OpenSSL selects
 * the one that fits, and returns the first one: the same result as if the whole
 * file had been loaded.
 */
static int
load_matching(struct bundle *b, X509_STORE *store, const X509_NAME *name,
    X509_OBJECT *found)
{
	const unsigned char	*der;
	size_t			 len;
	uint32_t		 hash;
	int			 n = 0;

	if (X509_NAME_get0_der(name, &der, &len) != 1)
		return 0;
	hash = name_hash(der, len);
	for (size_t i = 0; i < b->n; i++) {
		X509	*x;

		if (!is_named(b, &b->entry[i], name, hash) ||
		    (x = load_entry(store, &b->entry[i])) == NULL)
			continue;
		if (n++ == 0 && X509_OBJECT_set1_X509(found, x)) {
			/*
			 * set1 takes a reference of its own, which must be
			 * dropped: X509_LOOKUP_meth_set_get_by_subject(3).
			 */
			X509_free(x);
		}
		X509_free(x);
	}
	return n;
}

static int
by_subject(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *name,
    X509_OBJECT *found)
{
	struct bundle	*b = X509_LOOKUP_get_method_data(lookup);
	X509_STORE	*store = X509_LOOKUP_get_store(lookup);
	int		 n;

	if (type != X509_LU_X509)
		return 0;
	ERR_set_mark();
	n = load_matching(b, store, name, found);
	ERR_pop_to_mark();
	return n > 0;
}

static void
bundle_free(struct bundle *b)
{
	free(b->entry);
	buffer_free(&b->text);
	buffer_free(&b->subjects);
	X509_LOOKUP_meth_free(b->method);
	free(b);
}

static void
lookup_free(X509_LOOKUP *lookup)
{
	struct bundle	*b = X509_LOOKUP_get_method_data(lookup);

	if (b != NULL)
		bundle_free(b);
}

/* Once the lookup has its data, the store frees the bundle. */
static bool
add_lookup(struct bundle *b, X509_STORE *store)
{
	X509_LOOKUP	*lookup;

	b->method = X509_LOOKUP_meth_new("relais bundle");
	if (b->method == NULL ||
	    !X509_LOOKUP_meth_set_get_by_subject(b->method, by_subject) ||
	    !X509_LOOKUP_meth_set_free(b->method, lookup_free) ||
	    (lookup = X509_STORE_add_lookup(store, b->method)) == NULL)
		return false;
	X509_LOOKUP_set_method_data(lookup, b);
	return true;
}

bool
tls_bundle_add(X509_STORE *store, struct buffer *text)
{
	struct bundle	*b = memory_new(1, sizeof(*b));

	b->text = *text;
	ERR_set_mark();
	if (text->len > 0)
		index_all(b);
	ERR_pop_to_mark();
	if (b->n == 0 || !add_lookup(b, store)) {
		b->text = (struct buffer){ 0 };
		bundle_free(b);
		return false;
	}
	*text = (struct buffer){ 0 };
	return true;
}
