/*
 * octets.h - examine eight or sixteen octets of text in one step
 *
 * For loops over all octets of a message.  Compared with loops over single
 * octets, eight at a time double the speed: recoder_feed() processes 4.4
 * instead of 2.3 GB/s of long lines.  Sixteen at a time, message_feed() takes
 * 1.4 instead of 2.8 instructions for each octet of lines of 77.
 * The functions mark octets by their top bit; the first octet is the least
 * significant one.  Marks can be combined with |.
 */
#ifndef UTIL_OCTETS_H
#define UTIL_OCTETS_H

#include <sys/endian.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif
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

/* A vector of the compiler, with any alignment. */
typedef uint8_t		octets_sixteen
	    __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t	octets_halves __attribute__((vector_size(16)));

static inline octets_halves
octets_load_sixteen(const char *from)
{
	return (octets_halves)*(const octets_sixteen *)from;
}

static inline void
octets_store_sixteen(char *to, octets_halves sixteen)
{
	*(octets_sixteen *)to = (octets_sixteen)sixteen;
}

/* The number of octets before the first one less than the limit; 16: none. */
static inline size_t
octets_before(octets_halves sixteen, uint8_t limit)
{
	octets_halves	marks = (octets_halves)
			    ((octets_sixteen)sixteen < limit);

#ifdef __SSE2__
	unsigned	mask = (unsigned)_mm_movemask_epi8((__m128i)marks);

	return mask == 0 ? 16 : (size_t)__builtin_ctz(mask);
#else
	if ((marks[0] | marks[1]) == 0)
		return 16;
	return marks[0] != 0 ? octets_first(le64toh(marks[0])) :
	    8 + octets_first(le64toh(marks[1]));
#endif
}

#endif
