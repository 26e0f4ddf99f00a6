/* redirect_fuzz.c - the query of a redirect after a login with OAuth 2 */
#include <stdint.h>
#include <stdlib.h>

#include "token/redirect.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer	code = { 0 };
	struct failure	why;
	enum redirect	result;

	result = redirect_read((const char *)data, size, "s", &code, &why);
	if ((result == REDIRECT_CODE) != (code.len > 0))
		abort();
	buffer_wipe(&code);
	return 0;
}
