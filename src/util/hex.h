/*
 * hex.h - an octet as two hexadecimal digits
 */
#ifndef UTIL_HEX_H
#define UTIL_HEX_H

/* The octet that the two characters stand for, or -1. */
int	hex_octet(const char *two);

#endif
