/*
 * rewrite.h - replaces addresses in a header field
 *
 * Only the octets of local@domain change, and what address_list_repair()
 * corrects; names, comments, folds, routes and the other addresses of the
 * field are not changed.
 */
#ifndef MAIL_REWRITE_H
#define MAIL_REWRITE_H

#include <stdbool.h>

#include "mail/address.h"
#include "mail/header.h"
#include "util/buffer.h"

/* Appends a replacement and returns true, or false to keep the address. */
typedef bool rewrite_fn(void *context, const struct address *, struct buffer *);

/* Parses the addresses of a field; returns false if it is invalid. */
bool	field_addresses(const struct field *, struct address_list *);

/* Replaces addresses; elements that are not addresses are not changed. */
void	field_rewrite(struct field *, rewrite_fn *, void *context);

#endif
