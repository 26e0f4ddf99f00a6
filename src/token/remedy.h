/*
 * remedy.h - what to do about the known errors of authorization servers
 */
#ifndef TOKEN_REMEDY_H
#define TOKEN_REMEDY_H

/* For the first known error in the text of a server; NULL: there is none. */
const char *remedy_for(const char *text);

#endif
