/*
 * tls_setting.h - a file or value that the configuration gives to TLS
 */
#ifndef NET_TLS_SETTING_H
#define NET_TLS_SETTING_H

#include <stdbool.h>

#include "net/tls.h"
#include "util/buffer.h"
#include "util/failure.h"

enum {
	TLS_FILE_MAX = 16 * 1024 * 1024,	/* the largest known: 1 MB */
};

/* Fills *why with EX_CONFIG, the cause and the words; returns false. */
bool	tls_setting_failed(struct failure *why, enum tls_cause,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Reads the whole file into *text, by the rules of trusted.h; it must not be
 * empty, nor larger than TLS_FILE_MAX.
 */
bool	tls_setting_read(struct buffer *text, enum tls_cause,
	    const char *path, unsigned rules, struct failure *why);

#endif
