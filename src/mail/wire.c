#include "mail/wire.h"

bool
wire_prepare(struct wire *w, const struct message *m,
    const struct wire_abilities *abilities, struct failure *why)
{
	(void)abilities, (void)why;
	*w = (struct wire){ .body = &m->body,
	    .size = message_size(m),
	    .has_8bit = m->header_8bit || m->body.has_8bit,
	    .has_dots = m->body.has_dots };
	header_write(&w->head, &m->header);
	return true;
}

const struct body *
wire_unchanged(const struct wire *w)
{
	return w->body;
}

ssize_t
wire_read(struct wire *w, char *to, size_t room, struct failure *why)
{
	ssize_t	n = body_read(w->body, w->at, to, room, why);

	if (n > 0)
		w->at += (uint64_t)n;
	return n;
}

void
wire_free(struct wire *w)
{
	buffer_free(&w->head);
}
