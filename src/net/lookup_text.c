#include "net/lookup_text.h"

#include <arpa/nameser.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "net/dns_parser.h"
#include "net/dns_query.h"
#include "util/buffer.h"
#include "util/memory.h"

/* Adds the strings of one record; false if the data is malformed. */
static bool
add_text(struct lookup_text *t, const unsigned char *data, size_t len)
{
	struct buffer	text = { 0 };
	bool		good = true, printable = true;

	for (size_t at = 0, n; at < len && good; at += 1 + n) {
		n = data[at];
		good = at + 1 + n <= len;
		if (good)
			buffer_add(&text, data + at + 1, n);
	}
	for (size_t i = 0; i < text.len; i++)
		printable &= text.data[i] >= ' ' && text.data[i] <= '~';
	if (good && printable && t->n < LOOKUP_TEXT_MAX)
		t->text[t->n++] = buffer_take(&text);
	buffer_free(&text);
	return good;
}

enum lookup_text_result
lookup_text_parse(struct lookup_text *t, const unsigned char *answer,
    size_t len, struct failure *why)
{
	struct dns_parser	parser;
	ns_msg			m;
	ns_rr			record;
	bool			good;

	*t = (struct lookup_text){ .n = 0 };
	if (!dns_parser_load(&parser, why))
		return LOOKUP_TEXT_FAILED;
	good = parser.init(answer, (int)len, &m) == 0;
	for (int i = 0; good && i < ns_msg_count(m, ns_s_an); i++) {
		good = parser.record(&m, ns_s_an, i, &record) == 0;
		if (good && ns_rr_type(record) == ns_t_txt &&
		    ns_rr_class(record) == ns_c_in)
			good = add_text(t, ns_rr_rdata(record),
			    ns_rr_rdlen(record));
	}
	if (!good) {
		lookup_text_free(t);
		failed(why, EX_TEMPFAIL, "malformed reply");
		return LOOKUP_TEXT_FAILED;
	}
	return t->n > 0 ? LOOKUP_TEXT_FOUND : LOOKUP_TEXT_NONE;
}

enum lookup_text_result
lookup_text(struct lookup_text *t, const char *name,
    const struct dns_options *options, struct failure *why)
{
	unsigned char		*answer = memory_new(DNS_ANSWER_MAX, 1);
	int			 len;
	enum lookup_text_result	 result;

	*t = (struct lookup_text){ .n = 0 };
	len = dns_query(answer, ns_t_txt, name, options, why);
	if (len != -1)
		result = lookup_text_parse(t, answer, (size_t)len, why);
	else if (why->status != EX_NOHOST)
		result = LOOKUP_TEXT_FAILED;
	else
		result = why->cause == DNS_CAUSE_NO_NAME ?
		    LOOKUP_TEXT_NO_NAME : LOOKUP_TEXT_NONE;
	free(answer);
	return result;
}

void
lookup_text_free(struct lookup_text *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->text[i]);
	t->n = 0;
}
