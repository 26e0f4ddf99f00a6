/*
 * declared_charset.h - guess the charset of 8-bit text in a header
 *
 * Old programs write 8-bit header text in the charset of the body and declare
 * that charset only for the body: in the Content-Type of the message, or of its
 * first text part that names a charset other than ASCII.
 */
#ifndef MIME_DECLARED_CHARSET_H
#define MIME_DECLARED_CHARSET_H

#include <stdbool.h>

#include "mail/charset.h"
#include "mail/message.h"

/*
 * Copies the name of the charset.  Returns false if the message declares none.
 * Only parts in the first 64 KiB of the body are considered.
 */
bool	declared_charset(char name[CHARSET_NAME_MAX + 1],
	    const struct message *);

#endif
