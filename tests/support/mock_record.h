/*
 * mock_record.h - assemble connections and messages from the event log
 */
#ifndef SUPPORT_MOCK_RECORD_H
#define SUPPORT_MOCK_RECORD_H

#include "support/event_log.h"
#include "support/mock_smtp.h"

struct mock_record {
	struct mock_record_connection *connection;
	size_t		  n, cap;
	size_t		  n_closed;
	size_t		  most_open;
	size_t		  commands[ON_ANY];
	struct heard_message **message;		/* complete; borrowed */
	size_t		  n_messages, cap_messages;
};

/* Reads the events in the log now. */
void	mock_record_update(struct mock_record *, struct event_log *);
void	mock_record_free(struct mock_record *);
const struct heard *mock_record_heard(const struct mock_record *, size_t n);

#endif
