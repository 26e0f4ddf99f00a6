/*
 * remedy.h - what to do about the known errors of authorization servers
 */
#ifndef TOKEN_REMEDY_H
#define TOKEN_REMEDY_H

#include "util/failure.h"

/* Appends the remedy for the first known error in the text of a server. */
void	remedy_add(struct failure *why, const char *text);

#endif
