/*
 * findings.h - the findings of relais check as lines
 */
#ifndef SUPPORT_FINDINGS_H
#define SUPPORT_FINDINGS_H

#include "check/check.h"

/*
 * For .report of struct check; the context is a struct buffer.  Appends
 * "STAGE VERDICT TEXT => REMEDY", without the last part if there is no remedy.
 */
void	findings_note(void *context, const struct check_finding *);

#endif
