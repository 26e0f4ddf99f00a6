/*
 * hex.h - an octet as two hexadecimal digits
 *
 * RFC 2045 (quoted-printable) and RFC 3986 (URLs) require upper case, RFC 2195
 * (CRAM-MD5) lower case.
 */
#ifndef UTIL_HEX_H
#define UTIL_HEX_H

/* Writes two digits and no NUL. */
static inline void
hex_write_upper(char *two, unsigned char octet)
{
	static const char	digits[] = "0123456789ABCDEF";

	two[0] = digits[octet >> 4];
	two[1] = digits[octet & 15];
}

static inline void
hex_write_lower(char *two, unsigned char octet)
{
	static const char	digits[] = "0123456789abcdef";

	two[0] = digits[octet >> 4];
	two[1] = digits[octet & 15];
}

/* Returns the octet, or -1 if one of the two characters is not a digit. */
int	hex_read(const char *two);

#endif
