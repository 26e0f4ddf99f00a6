#include "util/hash.h"

uint64_t
hash_add(uint64_t hash, const void *data, size_t len)
{
	const unsigned char	*octet = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ octet[i]) * UINT64_C(0x100000001b3);
	return hash;
}

unsigned
hash_name(uint64_t hash)
{
	return (unsigned)(hash ^ hash >> 32) | 1;
}
