/*
 * must.h - what a fuzz target claims
 */
#ifndef FUZZ_MUST_H
#define FUZZ_MUST_H

#include <stdbool.h>
#include <stdlib.h>

/* libFuzzer reports the input if the claim is false. */
static inline void
must(bool claim)
{
	if (!claim)
		abort();
}

#endif
