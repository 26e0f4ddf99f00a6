/*
 * installed.h - where the program finds the other files of relais
 *
 * A program in the build directory uses those of the build and of conf/, an
 * installed program the installed ones.
 */
#ifndef UTIL_INSTALLED_H
#define UTIL_INSTALLED_H

const char *installed_tls_module(void);
const char *installed_relais_token(void);

/* The program with all commands, which sendmail executes. */
const char *installed_relais(void);

/* The tables of mail providers and of authorization servers. */
const char *installed_providers(void);
const char *installed_oauth_providers(void);

#endif
