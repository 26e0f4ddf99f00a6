/*
 * octets.h - eight octets of text looked at in one step
 *
 * Where every octet of a message has to be seen, this is several times as
 * fast as one by one, on any machine and without its vector instructions.  A
 * mark is the top bit of an octet, the first octet being the lowest; marks can
 * be joined with |.
 */
#ifndef UTIL_OCTETS_H
#define UTIL_OCTETS_H

#include <sys/endian.h>

#include <stddef.h>
#include <stdint.h>

#define OCTETS_EACH	UINT64_C(0x0101010101010101)	/* times n: eight of n */
#define OCTETS_HIGH	UINT64_C(0x8080808080808080)	/* the top bits */

static inline uint64_t
octets_load(const char *from)
{
	return le64dec(from);
}

/* Marks the octets that are less than the limit, which is at most 128. */
static inline uint64_t
octets_below(uint64_t eight, unsigned char limit)
{
	uint64_t	low = eight & ~OCTETS_HIGH;

	/* No sum is over 255, so none carries into the next octet. */
	return ~((low + OCTETS_EACH * (128U - limit)) | eight) & OCTETS_HIGH;
}

/* Marks the octets that are that one. */
static inline uint64_t
octets_equal(uint64_t eight, unsigned char octet)
{
	return octets_below(eight ^ (OCTETS_EACH * octet), 1);
}

/* How many octets stand in front of the first mark; there has to be one. */
static inline size_t
octets_first(uint64_t marks)
{
	return (size_t)__builtin_ctzll(marks) / 8;
}

#endif
