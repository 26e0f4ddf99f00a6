/*
 * transcript.h - the dialogue with the smarthost, for -v
 *
 * Line by line on standard output as it happens: ">>> " for what we say,
 * "<<< " for what the server says, "*** " for remarks.
 */
#ifndef CLI_TRANSCRIPT_H
#define CLI_TRANSCRIPT_H

#include "smtp/session.h"

extern const struct trace transcript;

#endif
