#include "config/token_program.h"

/* Compiled a second time for the installed program (Makefile). */
const char *
token_program_path(void)
{
	return TOKEN_PROGRAM;
}
