#include "net/tls_names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "util/visible.h"

void
tls_name_text(char *to, size_t size, const X509_NAME *name)
{
	BIO	*bio = BIO_new(BIO_s_mem());
	char	*text;
	long	 len;

	to[0] = '\0';
	if (bio != NULL && X509_NAME_print_ex(bio, name, 0,
	    XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN |
	    ASN1_STRFLGS_UTF8_CONVERT) >= 0) {
		len = BIO_get_mem_data(bio, &text);
		visible(to, size, text, len > 0 ? (size_t)len : 0);
	}
	BIO_free(bio);
}

static bool
alternative_name(char *to, size_t size, const GENERAL_NAME *name)
{
	const ASN1_STRING	*s;
	const unsigned char	*octets;
	int			 len;

	if (name->type != GEN_DNS && name->type != GEN_IPADD)
		return false;
	s = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
	octets = ASN1_STRING_get0_data(s);
	len = ASN1_STRING_length(s);
	if (name->type == GEN_DNS) {
		visible(to, size, (const char *)octets, (size_t)len);
		return len > 0;
	}
	return (len == 4 || len == 16) &&
	    inet_ntop(len == 4 ? AF_INET : AF_INET6, octets, to,
	    (socklen_t)size) != NULL;
}

size_t
tls_names_text(char *to, size_t size, X509 *x)
{
	GENERAL_NAMES	*names;
	char		 one[128];
	size_t		 n = 0, hidden = 0;

	to[0] = '\0';
	names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		if (!alternative_name(one, sizeof(one),
		    sk_GENERAL_NAME_value(names, i)))
			continue;
		if (strlen(to) + strlen(one) + sizeof(", and 999999 more") >
		    size || hidden > 0) {
			hidden++;
			continue;
		}
		strlcat(to, n++ > 0 ? ", " : "", size);
		strlcat(to, one, size);
	}
	if (hidden > 0)
		snprintf(to + strlen(to), size - strlen(to), " and %zu more",
		    hidden);
	GENERAL_NAMES_free(names);
	return n + hidden;
}
