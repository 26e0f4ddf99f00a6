/*
 * hash.h - a short name for data: the hash FNV-1a, with 64 bits
 *
 * For tables of this program's own data.  Anyone can make data with the same
 * hash, so nothing may depend on it that another user must not influence.
 *
 *	uint64_t	hash = HASH_START;
 *
 *	hash = hash_add(hash, data, len);
 */
#ifndef UTIL_HASH_H
#define UTIL_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START	UINT64_C(0xcbf29ce484222325)

/* Returns the hash of the data so far, followed by this data. */
uint64_t	hash_add(uint64_t hash, const void *data, size_t len);

/*
 * The hash as an identifier in memory that processes share; never 0.  It has 32
 * bits, because some 32-bit machines, such as MIPS, have no atomic operations
 * for 64 bits.
 */
unsigned	hash_name(uint64_t hash);

#endif
