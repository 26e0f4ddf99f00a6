/*
 * rewrite.h - replace addresses in a header field, and nothing else
 *
 * Only the octets of local@domain change, and what address_list_repair()
 * corrects; names, comments, folds, routes and the other addresses of the
 * field stay byte for byte.
 */
#ifndef MAIL_REWRITE_H
#define MAIL_REWRITE_H

#include <stdbool.h>

#include "mail/address.h"
#include "mail/header.h"
#include "util/buffer.h"

/* False: it stays.  True: what was appended stands in for it. */
typedef bool rewrite_fn(void *context, const struct address *, struct buffer *);

/* The addresses of a field; false if it can't be read as such. */
bool	field_addresses(const struct field *, struct address_list *);

/* What is not an address stays as it is; the others are rewritten. */
void	field_rewrite(struct field *, rewrite_fn *, void *context);

#endif
