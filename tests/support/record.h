/*
 * record.h - assemble connections and messages from the journal
 */
#ifndef SUPPORT_RECORD_H
#define SUPPORT_RECORD_H

#include "support/journal.h"
#include "support/smarthost.h"

struct record {
	struct record_connection *connection;
	size_t		  n, cap;
	size_t		  n_closed;
	size_t		  commands[ON_ANY];
	struct heard_message **message;		/* complete; borrowed */
	size_t		  n_messages, cap_messages;
};

/* Reads the events that are in the journal now. */
void	record_update(struct record *, struct journal *);
void	record_free(struct record *);
const struct heard *record_heard(const struct record *, size_t n);

#endif
