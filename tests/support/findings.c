#include "support/findings.h"

#include "util/buffer.h"

void
findings_note(void *context, const struct check_finding *f)
{
	struct buffer	*out = context;

	buffer_addf(out, "%s %s %s%s%s\n", check_stage_name(f->stage),
	    check_verdict_name(f->verdict), f->text, f->remedy != NULL ?
	    " => " : "", f->remedy != NULL ? f->remedy : "");
}
