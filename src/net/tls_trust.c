#include "net/tls_trust.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include <openssl/x509.h>

#include "net/tls_bundle.h"
#include "net/tls_setting.h"
#include "util/trusted.h"

/* "002c0b4f.0": eight digits of the hash, a dot, a number. */
static bool
is_hash_name(const char *name)
{
	static const char	hex[] = "0123456789abcdef";

	return strspn(name, hex) == 8 && name[8] == '.' &&
	    isdigit((unsigned char)name[9]) &&
	    name[9 + strspn(name + 9, "0123456789")] == '\0';
}

/* False with errno: 0 if the folder could be read and has none. */
static bool
has_hashes(const char *path)
{
	DIR		*dir = opendir(path);
	struct dirent	*d = NULL;
	int		 error;

	if (dir == NULL)
		return false;
	do
		errno = 0;
	while ((d = readdir(dir)) != NULL && !is_hash_name(d->d_name));
	error = errno;
	closedir(dir);
	errno = error;
	return d != NULL;
}

static bool
add_folder(X509_STORE *store, const char *path)
{
	X509_LOOKUP	*lookup;

	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
	return lookup != NULL &&
	    X509_LOOKUP_add_dir(lookup, path, X509_FILETYPE_PEM) == 1;
}

static bool
own_folder(X509_STORE *store, const char *path, struct failure *why)
{
	struct failure	foreign;

	/* OpenSSL takes a list of folders here. */
	if (strchr(path, ':') != NULL)
		return tls_setting_failed(why, TLS_CAUSE_CA,
		    "%s: the path of a directory must not contain a colon",
		    path);
	if (!has_hashes(path)) {
		if (errno != 0)
			return tls_setting_failed(why, TLS_CAUSE_CA, "%s: %s",
			    path,
			    strerror(errno));
		return tls_setting_failed(why, TLS_CAUSE_CA, "the directory %s "
		    "contains no certificate under its hash; run: openssl "
		    "rehash %s",
		    path, path);
	}
	if (!trusted_directory(path, &foreign))
		return tls_setting_failed(why, TLS_CAUSE_CA, "%s",
		    foreign.text);
	if (!add_folder(store, path))
		return tls_setting_failed(why, TLS_CAUSE_CA,
		    "%s: OpenSSL does not accept this directory", path);
	return true;
}

static bool
own_bundle(X509_STORE *store, const char *path, struct failure *why)
{
	struct buffer	text = { 0 };
	bool		der;

	if (!tls_setting_read(&text, TLS_CAUSE_CA, path, 0, why)) {
		buffer_free(&text);
		return false;
	}
	if (tls_bundle_add(store, &text))
		return true;
	der = text.data[0] == 0x30;
	buffer_free(&text);
	return tls_setting_failed(why, TLS_CAUSE_CA, der ?
	    "%s contains no certificate in PEM format; it may be in DER "
	    "format, which openssl x509 -inform DER converts to PEM" :
	    "%s contains no certificate in PEM format", path);
}

bool
tls_trust_own(X509_STORE *store, const char *path, struct failure *why)
{
	struct stat	st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return own_folder(store, path, why);
	return own_bundle(store, path, why);
}

bool
tls_trust_places(X509_STORE *store, const struct tls_places *places,
    struct failure *why)
{
	for (const char *const *p = places->folders; *p != NULL; p++)
		if (has_hashes(*p) && add_folder(store, *p))
			return true;
	for (const char *const *p = places->bundles; *p != NULL; p++)
		if (own_bundle(store, *p, why))
			return true;
	return tls_setting_failed(why, TLS_CAUSE_NO_STORE, "no certificates of "
	    "authorities are installed, so no server can be verified: install "
	    "the package ca-certificates");
}

bool
tls_trust_system(X509_STORE *store, struct failure *why)
{
	const char *const	folders[] = {
		X509_get_default_cert_dir(),
		"/etc/ssl/certs",
		"/etc/pki/ca-trust/extracted/pem/directory-hash",
		"/etc/pki/tls/certs",
		"/etc/openssl/certs",
		NULL
	};
	const char *const	bundles[] = {
		X509_get_default_cert_file(),
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/ca-bundle.pem",
		"/var/lib/ca-certificates/ca-bundle.pem",
		"/etc/ssl/cert.pem",
		"/etc/openssl/certs/ca-certificates.crt",
		"/usr/local/share/certs/ca-root-nss.crt",
		"/usr/local/etc/ssl/cert.pem",
		NULL
	};

	return tls_trust_places(store,
	    &(struct tls_places){ folders, bundles }, why);
}
