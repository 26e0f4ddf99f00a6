/*
 * log_addresses.h - hide mail addresses in the log
 *
 * Everything before the "@" of an address is replaced: by "*", or by a part of
 * the SHA-256 digest of the machine ID, a space and the address in lower case.
 * Equal addresses have equal digests.  Only a reader who knows the machine ID,
 * as all users of the machine do, can test whether a digest is that of an
 * address.
 */
#ifndef UTIL_LOG_ADDRESSES_H
#define UTIL_LOG_ADDRESSES_H

#include "util/buffer.h"

enum log_addresses_form {
	LOG_ADDRESSES_FULL,	/* joe@example.org */
	LOG_ADDRESSES_DOMAIN,	/* *@example.org */
	LOG_ADDRESSES_HASH,	/* 12fc0b5a9e7d3384@example.org */
};

struct log_addresses {
	enum log_addresses_form	 form;
	char			 key[64];	/* the machine ID, or "" */
};

/*
 * setting: "full", "domain", "hash" or NULL, which means full.  Without a
 * machine ID, hash means domain.
 */
void	log_addresses_begin(struct log_addresses *, const char *setting);

/* Appends a mailbox or a name, which is hidden, too; "" remains. */
void	log_addresses_add(struct buffer *, const struct log_addresses *,
	    const char *mailbox);

/* Appends text in which each local-part@domain is hidden. */
void	log_addresses_add_text(struct buffer *, const struct log_addresses *,
	    const char *text);

#endif
