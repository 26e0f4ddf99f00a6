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

/*
 * Whether a file name of the directory is the hash of a subject, such as
 * "002c0b4f.0".  If none is, errno is 0; if the directory cannot be read, it is
 * the reason.
 */
static bool
has_hash_names(const char *path)
{
	static const char	digits[] = "0123456789abcdef";
	DIR			*dir = opendir(path);
	struct dirent		*d;
	const char		*name;
	bool			 found = false;
	int			 error;

	if (dir == NULL)
		return false;
	while (errno = 0, !found && (d = readdir(dir)) != NULL) {
		name = d->d_name;
		found = strspn(name, digits) == 8 && name[8] == '.' &&
		    isdigit((unsigned char)name[9]) &&
		    name[9 + strspn(name + 9, "0123456789")] == '\0';
	}
	error = errno;
	closedir(dir);
	errno = error;
	return found;
}

static bool
add_directory(X509_STORE *store, const char *path)
{
	X509_LOOKUP	*lookup;

	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
	return lookup != NULL &&
	    X509_LOOKUP_add_dir(lookup, path, X509_FILETYPE_PEM) == 1;
}

static bool
trust_directory(X509_STORE *store, const char *path, struct failure *why)
{
	struct failure	foreign;

	/* OpenSSL takes a list of directories here. */
	if (strchr(path, ':') != NULL)
		return tls_setting_failed(why, TLS_CAUSE_CA,
		    "%s: the path of a directory must not contain a colon",
		    path);
	if (!has_hash_names(path)) {
		if (errno != 0)
			return tls_setting_failed(why, TLS_CAUSE_CA, "%s: %s",
			    path, strerror(errno));
		return tls_setting_failed(why, TLS_CAUSE_CA, "%s contains no "
		    "certificate whose file name is its hash; run: openssl "
		    "rehash %s", path, path);
	}
	if (!trusted_directory(path, &foreign))
		return tls_setting_failed(why, TLS_CAUSE_CA, "%s",
		    foreign.text);
	if (!add_directory(store, path))
		return tls_setting_failed(why, TLS_CAUSE_CA,
		    "%s: OpenSSL does not accept this directory", path);
	return true;
}

static bool
trust_file(struct tls_bundle *bundle, const char *path, struct failure *why)
{
	struct buffer	text = { 0 };
	bool		der;

	if (!tls_setting_read(&text, TLS_CAUSE_CA, path, 0, why)) {
		buffer_free(&text);
		return false;
	}
	if (tls_bundle_index(bundle, &text))
		return true;
	der = text.data[0] == 0x30;
	buffer_free(&text);
	return tls_setting_failed(why, TLS_CAUSE_CA, der ?
	    "%s contains no certificate in PEM format; it may be in DER "
	    "format, which openssl x509 -inform DER converts to PEM" :
	    "%s contains no certificate in PEM format", path);
}

bool
tls_trust_path(X509_STORE *store, struct tls_bundle *bundle, const char *path,
    struct failure *why)
{
	struct stat	st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return trust_directory(store, path, why);
	return trust_file(bundle, path, why);
}

bool
tls_trust_places(X509_STORE *store, struct tls_bundle *bundle,
    const struct tls_places *places, struct failure *why)
{
	for (const char *const *p = places->directories; *p != NULL; p++)
		if (has_hash_names(*p) && add_directory(store, *p))
			return true;
	for (const char *const *p = places->files; *p != NULL; p++)
		if (trust_file(bundle, *p, why))
			return true;
	return tls_setting_failed(why, TLS_CAUSE_NO_STORE, "no certificates of "
	    "authorities are installed, so no server can be verified: install "
	    "the package ca-certificates");
}

bool
tls_trust_system(X509_STORE *store, struct tls_bundle *bundle,
    struct failure *why)
{
	const char *const	directories[] = {
		X509_get_default_cert_dir(),
		"/etc/ssl/certs",
		"/etc/pki/ca-trust/extracted/pem/directory-hash",
		"/etc/pki/tls/certs",
		"/etc/openssl/certs",
		NULL
	};
	const char *const	files[] = {
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

	return tls_trust_places(store, bundle,
	    &(struct tls_places){ directories, files }, why);
}
