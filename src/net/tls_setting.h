/*
 * tls_setting.h - failures of options of TLS, and files that options name
 */
#ifndef NET_TLS_SETTING_H
#define NET_TLS_SETTING_H

#include <stdbool.h>

#include "net/tls.h"
#include "util/buffer.h"
#include "util/failure.h"

enum {
	TLS_FILE_MAX = 16 * 1024 * 1024,	/* known files: up to 1 MB */
};

/* Sets *why to EX_CONFIG, the cause and the text; returns false. */
bool	tls_setting_failed(struct failure *why, enum tls_cause,
	    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Reads the whole file into *text, which the caller frees even after a failure.
 * EX_NOPERM with the cause if this user has no permission to read the file;
 * EX_CONFIG with the cause if it is missing, empty or larger than TLS_FILE_MAX,
 * or violates the rules of trusted.h.
 */
bool	tls_setting_read(struct buffer *text, enum tls_cause,
	    const char *path, unsigned rules, struct failure *why);

#endif
