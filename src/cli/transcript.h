/*
 * transcript.h - print the dialogue with the smarthost on standard output (-v)
 *
 * Each line begins with ">>> " (sent), "<<< " (received) or "*** " (remark).
 */
#ifndef CLI_TRANSCRIPT_H
#define CLI_TRANSCRIPT_H

#include "smtp/session.h"

extern const struct session_trace transcript_trace;

#endif
