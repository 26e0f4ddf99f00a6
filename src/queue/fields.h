/*
 * fields.h - the header as it stands in an entry, split into fields again
 *
 * Used on both sides: an entry is only committed if its header can be read
 * back, so that no message ends in failed/ for what somebody put into it.
 */
#ifndef QUEUE_FIELDS_H
#define QUEUE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/header.h"
#include "mail/message.h"

enum {
	/* What was added and encoded since the message came in included. */
	FIELDS_OCTETS_MAX = 4 * MESSAGE_HEADER_MAX,
	FIELDS_MAX = 2 * MESSAGE_FIELDS_MAX,
};

/*
 * Takes what header_write() wrote, the empty line included.  The header may
 * be NULL, to see only whether it would be read.  False if it is no header;
 * the fields before the fault are in it then.
 */
bool	fields_split(struct header *, const char *text, size_t len);

#endif
