/*
 * utf8.h - one character of UTF-8 (RFC 3629)
 */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The length of the character at text, which is put into *c; 0 where there
 * is none: nothing left, cut short, overlong, a surrogate, beyond U+10FFFF.
 */
size_t	utf8_decode(const char *text, size_t len, uint32_t *c);

#endif
