/*
 * rewrite.h - replace addresses in a header field
 *
 * Only the octets of local@domain change, and those that address_list_repair()
 * corrects.  Display names, comments, folds, routes and the other addresses of
 * the field do not change.
 */
#ifndef MAIL_REWRITE_H
#define MAIL_REWRITE_H

#include <stdbool.h>

#include "mail/address.h"
#include "mail/header.h"
#include "util/buffer.h"

/*
 * Returns true if the appended text replaces the address, or false if the
 * address does not change.
 */
typedef bool rewrite_fn(void *context, const struct address *, struct buffer *);

/* Appends the addresses of a field.  Returns false if the list is invalid. */
bool	field_addresses(const struct field *, struct address_list *);

/* Calls the function for each valid address in the field. */
void	field_rewrite(struct field *, rewrite_fn *, void *context);

#endif
