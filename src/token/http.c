#include "token/http.h"

#include <curl/curl.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "util/hex.h"
#include "util/memory.h"

enum {
	CONNECT_MS	= 15 * 1000,
	RETRY_AFTER_MAX	= 24 * 3600,	/* s */
};

/* Unreserved characters of RFC 3986, which no server decodes differently. */
static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;
}

static void
add_escaped(struct buffer *form, const char *text)
{
	char	escaped[3] = "%";

	for (; *text != '\0'; text++) {
		if (is_unreserved(*text)) {
			buffer_add_byte(form, *text);
			continue;
		}
		hex_write_upper(escaped + 1, (unsigned char)*text);
		buffer_add(form, escaped, sizeof(escaped));
	}
}

void
http_form_add(struct buffer *form, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (form->len > 0)
		buffer_add_byte(form, '&');
	add_escaped(form, name);
	buffer_add_byte(form, '=');
	add_escaped(form, value);
}

char *
http_host(const char *url)
{
	const char	*host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	return memory_copy_n(host, strcspn(host, "/?#"));
}

/* Fewer octets than given end the transfer with CURLE_WRITE_ERROR. */
static size_t
add_body(char *data, size_t size, size_t n, void *context)
{
	struct http_reply	*reply = context;

	if (size * n > HTTP_REPLY_MAX - reply->body.len)
		return 0;
	buffer_add(&reply->body, data, size * n);
	return size * n;
}

/* CAINFO and CAPATH add up: only the one that is configured must remain. */
static void
set_trust(CURL *curl, const char *ca)
{
	struct stat	st;

	if (ca == NULL)
		return;
	if (stat(ca, &st) == 0 && S_ISDIR(st.st_mode)) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(curl, CURLOPT_CAPATH, ca);
	} else {
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
	}
}

static void
set_options(CURL *curl, const struct http_options *o, char *error)
{
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(o->timeout_ms < CONNECT_MS ? o->timeout_ms : CONNECT_MS));
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "relais/" VERSION);
	set_trust(curl, o->ca);
	/* An empty string also disables the variables of the environment. */
	if (o->proxy == NULL || strcmp(o->proxy, "environment") != 0)
		curl_easy_setopt(curl, CURLOPT_PROXY,
		    o->proxy != NULL ? o->proxy : "");
}

/* error: libcurl's sentence, which has no secrets, or "". */
static bool
transfer_failed(struct failure *why, CURLcode code, const char *host,
    const char *error)
{
	if (error[0] == '\0')
		error = curl_easy_strerror(code);
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return failed(why, EX_CONFIG, "the URL of the authorization "
		    "server is not a valid https URL");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return failed(why, EX_CONFIG, "%s: the certificate cannot be "
		    "verified: %s", host, error);
	case CURLE_WRITE_ERROR:
		return failed(why, EX_TEMPFAIL, "%s: the reply is larger than "
		    "%d KiB", host, HTTP_REPLY_MAX / 1024);
	case CURLE_OPERATION_TIMEDOUT:
		return failed(why, EX_TEMPFAIL, "%s: timed out: %s", host,
		    error);
	default:
		return failed(why, EX_TEMPFAIL, "%s: %s", host, error);
	}
}

/* curl_easy_perform() with the form; *code is its result. */
static void
perform(CURL *curl, const struct buffer *form, CURLcode *code)
{
	/* Without "Expect: 100-continue", which costs a round trip. */
	struct curl_slist	*fields = curl_slist_append(NULL, "Expect:");

	fields = curl_slist_append(fields, "Accept: application/json");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
	    (curl_off_t)form->len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
	    form->data != NULL ? form->data : "");
	*code = curl_easy_perform(curl);
	curl_slist_free_all(fields);
}

bool
http_post(struct http_reply *reply, const struct http_options *o,
    const char *url, const struct buffer *form, struct failure *why)
{
	char		 error[CURL_ERROR_SIZE] = "";
	char		*host = http_host(url);
	CURL		*curl = NULL;
	CURLcode	 code = CURLE_FAILED_INIT;
	curl_off_t	 seconds = 0;
	long		 sent = 0;
	bool		 good;

	*reply = (struct http_reply){ .retry_after = -1 };
	if (strncasecmp(url, "https://", 8) != 0)
		code = CURLE_UNSUPPORTED_PROTOCOL;
	else if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		curl = curl_easy_init();
	if (curl != NULL) {
		set_options(curl, o, error);
		curl_easy_setopt(curl, CURLOPT_URL, url);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, add_body);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
		perform(curl, form, &code);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply->status);
		curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
		if (seconds > 0)
			reply->retry_after = seconds < RETRY_AFTER_MAX ?
			    (int64_t)seconds : RETRY_AFTER_MAX;
		curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
		reply->is_unknown = code != CURLE_OK && sent > 0;
		curl_easy_cleanup(curl);
	}
	good = code == CURLE_OK || transfer_failed(why, code, host, error);
	if (!good)
		http_reply_free(reply);
	free(host);
	return good;
}

void
http_reply_free(struct http_reply *reply)
{
	buffer_wipe(&reply->body);
}
