/*
 * mechanism_list.h - look for mechanisms in the value of the key auth
 */
#ifndef RELAY_MECHANISM_LIST_H
#define RELAY_MECHANISM_LIST_H

#include <stdbool.h>

/*
 * Whether the list has one of these mechanisms, which are separated by a space.
 * The names are case-insensitive.
 */
bool	mechanism_list_has(const char *list, const char *mechanisms);

#endif
