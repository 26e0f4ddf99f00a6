/*
 * renew_fuzz.c - the file of a login, and the reply of an authorization server
 *
 * The text up to the first NUL is the file.  An octet follows that selects the
 * HTTP status, one that selects Retry-After, and the body of the reply.  In the
 * place of libcurl, functions of this file pass the reply to token/http.c.
 *
 * If the file was valid, it is valid afterwards.  A token that was granted is
 * in it.  A failure is visible text, unless the file itself is not visible, and
 * does not contain the refresh token of the file.
 */
#include <curl/curl.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/must.h"
#include "token/renew.h"
#include "util/buffer.h"
#include "util/file.h"

enum { PIECE = 1000 };

static struct {
	long		 status;
	curl_off_t	 retry_after;
	const char	*body;
	size_t		 len;
	size_t		 (*write)(char *, size_t, size_t, void *);
	void		*to;
} reply;

static char	directory[] = "/dev/shm/relais-fuzz.XXXXXX";
static char	path[64];

/* ---------------------------------------------- in the place of libcurl */

CURLcode
curl_global_init(long flags)
{
	(void)flags;
	return CURLE_OK;
}

CURL *
curl_easy_init(void)
{
	return (CURL *)&reply;
}

#undef curl_easy_setopt
CURLcode
curl_easy_setopt(CURL *curl, CURLoption option, ...)
{
	va_list	ap;

	(void)curl;
	va_start(ap, option);
	if (option == CURLOPT_WRITEFUNCTION)
		reply.write = va_arg(ap, size_t (*)(char *, size_t, size_t,
		    void *));
	else if (option == CURLOPT_WRITEDATA)
		reply.to = va_arg(ap, void *);
	va_end(ap);
	return CURLE_OK;
}

CURLcode
curl_easy_perform(CURL *curl)
{
	(void)curl;
	if (reply.status == 0)
		return CURLE_COULDNT_CONNECT;
	for (size_t at = 0, n; at < reply.len; at += n) {
		char	piece[PIECE];

		n = reply.len - at < PIECE ? reply.len - at : PIECE;
		memcpy(piece, reply.body + at, n);
		if (reply.write(piece, 1, n, reply.to) != n)
			return CURLE_WRITE_ERROR;
	}
	return CURLE_OK;
}

#undef curl_easy_getinfo
CURLcode
curl_easy_getinfo(CURL *curl, CURLINFO info, ...)
{
	va_list	ap;

	(void)curl;
	va_start(ap, info);
	if (info == CURLINFO_RETRY_AFTER)
		*va_arg(ap, curl_off_t *) = reply.retry_after;
	else
		*va_arg(ap, long *) = info == CURLINFO_RESPONSE_CODE ?
		    reply.status : 1;
	va_end(ap);
	return CURLE_OK;
}

void
curl_easy_cleanup(CURL *curl)
{
	(void)curl;
}

const char *
curl_easy_strerror(CURLcode code)
{
	(void)code;
	return "it failed";
}

struct curl_slist *
curl_slist_append(struct curl_slist *list, const char *line)
{
	(void)line;
	return list;
}

void
curl_slist_free_all(struct curl_slist *list)
{
	(void)list;
}

/* ----------------------------------------------------------------- the test */

static void
remove_directory(void)
{
	static const char	names[][12] = { "login", ".login.lock",
				    ".login.new" };
	struct buffer		file = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		buffer_clear(&file);
		buffer_addf(&file, "%s/%s", directory, names[i]);
		unlink(file.data);
	}
	buffer_free(&file);
	rmdir(directory);
}

static void
write_login(const char *text, size_t len)
{
	int	fd;

	if (path[0] == '\0') {
		must(mkdtemp(directory) != NULL);
		strlcpy(path, directory, sizeof(path));
		strlcat(path, "/login", sizeof(path));
		atexit(remove_directory);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(fd != -1 && file_write(fd, text, len));
	close(fd);
}

/* Whether all values are the same in a store that is read again. */
static void
must_be_stored(const struct store *s)
{
	struct store	again;
	struct failure	why;

	must(store_open(&again, path, false, &why) &&
	    store_read(&again, &why));
	for (size_t i = 0; i < STORE_KEYS; i++)
		must((again.value[i] == NULL) == (s->value[i] == NULL) &&
		    (s->value[i] == NULL ||
		    strcmp(again.value[i], s->value[i]) == 0));
	store_close(&again);
}

static bool
is_visible(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\n') ||
		    text[i] == 127)
			return false;
	return true;
}

/* file: the length of the file, which begins the data. */
static void
check_failure(const struct failure *why, const char *data, size_t len,
    size_t file)
{
	static const char	secret[] = "refresh-secret";
	const char		*at = memmem(data, len, secret,
				    strlen(secret));
	bool			 once;

	must(why->status != 0 && why->text[0] != '\0');
	must(strchr(why->text, '\n') == NULL);
	must(is_visible(why->text, strlen(why->text)) ||
	    !is_visible(data, file));
	once = at != NULL && memmem(at + 1, len - (size_t)(at + 1 - data),
	    secret, strlen(secret)) == NULL &&
	    (size_t)(at - data) > strlen("refresh_token = ") &&
	    strncmp(at - strlen("refresh_token = "), "refresh_token = ",
	    strlen("refresh_token = ")) == 0;
	must(!once || strstr(why->text, secret) == NULL);
}

static void
choose_reply(const uint8_t *data, size_t len)
{
	static const long	status[] = { 200, 201, 302, 400, 401, 404, 408,
				    429, 500, 503, 0 };
	static const curl_off_t	retry[] = { 0, -1, 1, 60, 3600, INT32_MAX,
				    INT64_MAX };

	if (len < 2)
		return;
	reply.status = status[data[0] % (sizeof(status) / sizeof(*status))];
	reply.retry_after = retry[data[1] % (sizeof(retry) / sizeof(*retry))];
	reply.body = (const char *)data + 2;
	reply.len = len - 2;
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct http_options	options = { .timeout_ms = 1000 };
	const char	*text = (const char *)data;
	const uint8_t	*end = memchr(data, '\0', len);
	size_t		 text_len = end != NULL ? (size_t)(end - data) : len;
	struct store	 s;
	struct failure	 why = { .status = 0 };
	bool		 valid, good;

	/* The fuzzer must not choose files to be read. */
	if (memmem(text, text_len, "private_key", 11) != NULL)
		return 0;
	memset(&reply, 0, sizeof(reply));
	if (end != NULL)
		choose_reply(end + 1, len - text_len - 1);
	write_login(text, text_len);
	must(store_open(&s, path, false, &why));
	valid = store_read(&s, &why);
	good = renew_token(&s, &options, len % 2 == 0 ? RENEW_IF_NECESSARY :
	    RENEW_REFUSED_TOKEN, &why);
	must(valid || !good);
	must(good == (s.value[STORE_ACCESS_TOKEN] != NULL));
	if (!good)
		check_failure(&why, text, len, text_len);
	if (good)
		must_be_stored(&s);
	must(!valid || store_read(&s, &why));
	store_close(&s);
	return 0;
}
