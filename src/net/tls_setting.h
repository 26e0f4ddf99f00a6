/*
 * tls_setting.h - the file that a setting names, and what is wrong with it
 *
 * Messages begin with the setting: "tls_ca (/etc/relais.conf:7): ...".
 */
#ifndef NET_TLS_SETTING_H
#define NET_TLS_SETTING_H

#include <stdbool.h>

#include "util/buffer.h"
#include "util/failure.h"

enum {
	TLS_FILE_MAX = 16 * 1024 * 1024,	/* the largest known: 1 MB */
};

struct tls_setting {
	const char	*key;		/* "tls_ca" */
	const char	*origin;	/* "/etc/relais.conf:7", or NULL */
};

/* Fills *why with EX_CONFIG, the setting and the words; returns false. */
bool	tls_setting_failed(struct failure *why, struct tls_setting,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * The whole file into *text, by the rules of trusted.h; it may not be empty,
 * nor larger than TLS_FILE_MAX.
 */
bool	tls_setting_read(struct buffer *text, struct tls_setting,
	    const char *path, unsigned rules, struct failure *why);

#endif
