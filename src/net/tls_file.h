/*
 * tls_file.h - read a file of certificates or keys that a setting names
 *
 * Messages begin with the setting: "tls_ca (/etc/relais.conf:7): ...".
 */
#ifndef NET_TLS_FILE_H
#define NET_TLS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/buffer.h"
#include "util/failure.h"

enum {
	TLS_FILE_MAX = 16 * 1024 * 1024,	/* ten times the largest known */
};

struct tls_setting {
	const char	*key;		/* "tls_ca" */
	const char	*origin;	/* "/etc/relais.conf:7", or NULL */
};

/* Fills *why with EX_CONFIG, the setting and the words; returns false. */
bool	tls_setting_failed(struct failure *why, struct tls_setting,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * The whole file into *text, which is empty before.  Only a regular file
 * that is neither empty nor larger than TLS_FILE_MAX; *st, if not NULL, is
 * what it was when open.
 */
bool	tls_file_read(struct buffer *text, const char *path,
	    struct tls_setting, struct stat *st, struct failure *why);

#endif
