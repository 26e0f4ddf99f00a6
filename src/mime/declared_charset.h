/*
 * declared_charset.h - the charset that raw header text is likely to be in
 *
 * Old programs write the header in the charset of the body, and say so only
 * for the body: in the Content-Type of the message, or of its first text part
 * that names a charset other than ASCII.
 */
#ifndef MIME_DECLARED_CHARSET_H
#define MIME_DECLARED_CHARSET_H

#include <stdbool.h>

#include "mail/charset.h"
#include "mail/message.h"

/*
 * False if none is declared.  Parts are looked for in the first 64 KiB of the
 * body.
 */
bool	declared_charset(char name[CHARSET_NAME_MAX + 1],
	    const struct message *);

#endif
