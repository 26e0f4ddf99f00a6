/*
 * log_addresses.h - hide mail addresses in the log
 *
 * Everything before the "@" of an address is replaced: by "*", or by a part of
 * the SHA-256 digest of a key, a space and the address in lower case.  Equal
 * addresses have equal digests.  Only a reader who knows the key can test
 * whether a digest is that of an address.  The key is a random text in a file
 * that only its owner can read.
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
	char			 key[40];	/* "": there is none */
	char			*directory;	/* owned; of the file log-key;
						 * NULL: no key is used */
};

/*
 * setting: "full", "domain", "hash" or NULL, which means full.  Without a key
 * that this user can read, hash means domain.
 */
void	log_addresses_begin(struct log_addresses *, const char *setting,
	    const char *directory);

/*
 * Creates the key, if it is used and does not exist, in a directory that has a
 * subdirectory tmp.  If root creates it, it belongs to the owner of the
 * directory.  Without permission, nothing happens.
 */
void	log_addresses_prepare(struct log_addresses *);

void	log_addresses_end(struct log_addresses *);

/* Appends a mailbox or a name, which is hidden, too; "" remains. */
void	log_addresses_add(struct buffer *, const struct log_addresses *,
	    const char *mailbox);

/* Appends text in which each local-part@domain is hidden. */
void	log_addresses_add_text(struct buffer *, const struct log_addresses *,
	    const char *text);

#endif
