/*
 * octets.h - examine eight octets of text in one step
 *
 * For loops over all octets of a message.  Compared with loops over single
 * octets, message_feed() processes 4.6 instead of 2.4 GB/s of text with lines
 * of 75 octets, and recoder_feed() 4.4 instead of 2.3 GB/s of long lines.
 * The functions mark octets by their top bit; the first octet is the least
 * significant one.  Marks can be combined with |.
 */
#ifndef UTIL_OCTETS_H
#define UTIL_OCTETS_H

#include <sys/endian.h>

#include <stddef.h>
#include <stdint.h>

/* Multiplied by n: eight octets with the value n. */
#define OCTETS_EACH	UINT64_C(0x0101010101010101)

/* The top bit of each octet. */
#define OCTETS_HIGH	UINT64_C(0x8080808080808080)

static inline uint64_t
octets_load(const char *from)
{
	return le64dec(from);
}

/* Marks octets less than the limit, which is at most 128. */
static inline uint64_t
octets_below(uint64_t eight, unsigned char limit)
{
	uint64_t	low = eight & ~OCTETS_HIGH;

	/* No sum exceeds 255, so there is no carry to the next octet. */
	return ~((low + OCTETS_EACH * (128U - limit)) | eight) & OCTETS_HIGH;
}

/* Marks octets equal to the given one. */
static inline uint64_t
octets_equal(uint64_t eight, unsigned char octet)
{
	return octets_below(eight ^ (OCTETS_EACH * octet), 1);
}

/* The number of octets before the first mark; marks must not be 0. */
static inline size_t
octets_first(uint64_t marks)
{
	return (size_t)__builtin_ctzll(marks) / 8;
}

#endif
