/*
 * local.h - the stages of relais check that concern only this machine
 */
#ifndef CHECK_LOCAL_H
#define CHECK_LOCAL_H

#include "check/check.h"

/* CHECK_SPOOL: the directory queue, and the messages in it. */
void	check_spool(struct check *);

#endif
