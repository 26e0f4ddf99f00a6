/*
 * version.h - what --version and --help print
 */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

int	print_version(void);
int	print_help(void);

#endif
