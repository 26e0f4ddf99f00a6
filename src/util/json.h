/*
 * json.h - what programs read of what people see (RFC 8259)
 */
#ifndef UTIL_JSON_H
#define UTIL_JSON_H

#include "util/buffer.h"

/* Appends a string in quotes; bytes that are no UTF-8 become U+FFFD. */
void	json_string(struct buffer *, const char *text);

#endif
