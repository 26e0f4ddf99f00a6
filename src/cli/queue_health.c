#include "cli/queue_health.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli/output.h"
#include "queue/health.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/json.h"

enum { UNHEALTHY = 1 };

struct queue_state {
	struct health_state	 now;
	const char		*error;		/* the text of the last error;
						 * NULL if this user cannot
						 * read it */
	int64_t			 age;		/* of the oldest entry, in
						 * seconds; 0 if none */
	bool			 too_old;	/* the oldest entry */
	bool			 given_up;	/* an entry, lately */
	bool			 bad;		/* nothing is sent */
};

/* "last error: 2026-11-21 22:04:16 +0000: text", or "last error: never". */
static void
print_event(const char *name, int64_t seconds, const char *text)
{
	printf("%s: ", name);
	if (seconds > 0)
		output_time(seconds);
	else
		printf("never");
	if (text[0] != '\0')
		printf(": ");
	output_text(text);
	putchar('\n');
}

static void
print_text(const struct queue_state *s)
{
	printf("queue: %zu message%s, %llu Kbytes", s->now.queue.entries,
	    s->now.queue.entries == 1 ? "" : "s",
	    (unsigned long long)(s->now.queue.octets / 1024));
	if (s->now.queue.entries > 0)
		printf(", oldest %lld minutes%s", (long long)s->age / 60,
		    s->too_old ? ": TOO OLD" : "");
	if (s->now.collected > 0) {
		printf("\ncollected: %zu of them, for a digest at ",
		    s->now.collected);
		output_time(s->now.next_digest);
	}
	printf("\nfailed: %zu message%s, %llu Kbytes\n", s->now.failed.entries,
	    s->now.failed.entries == 1 ? "" : "s",
	    (unsigned long long)(s->now.failed.octets / 1024));
	print_event("last success", s->now.last.success, "");
	print_event("last given up", s->now.last.given_up,
	    s->bad ? "NOTHING SENT SINCE" : s->given_up ?
	    "A QUEUED MESSAGE WAS GIVEN UP IN THE LAST HOUR" : "");
	print_event("last error", s->now.last.error, s->error != NULL ?
	    s->error : s->now.last.error > 0 ? "only root and the user relais "
	    "can read the message" : "");
}

static void
print_json(const struct queue_state *s)
{
	bool		good = !s->too_old && !s->given_up && !s->bad;
	struct buffer	b = { 0 };

	if (s->error != NULL)
		json_string(&b, s->error);
	else
		buffer_add_text(&b, "null");
	printf("{\"ok\":%s,\"queue\":%zu,\"queue_octets\":%llu,"
	    "\"oldest_seconds\":%lld,\"collected\":%zu,"
	    "\"next_digest\":%lld,\"failed\":%zu,\"failed_octets\":%llu,"
	    "\"last_success\":%lld,\"last_given_up\":%lld,"
	    "\"last_queued_given_up\":%lld,\"last_error\":%lld,"
	    "\"last_error_text\":%s}\n", good ? "true" : "false",
	    s->now.queue.entries, (unsigned long long)s->now.queue.octets,
	    (long long)s->age, s->now.collected,
	    (long long)s->now.next_digest, s->now.failed.entries,
	    (unsigned long long)s->now.failed.octets,
	    (long long)s->now.last.success, (long long)s->now.last.given_up,
	    (long long)s->now.queue_given_up, (long long)s->now.last.error,
	    b.data);
	buffer_free(&b);
}

int
queue_health(struct queue_source *q, int64_t older_s, bool json,
    struct failure *why)
{
	struct queue_state	s = { .age = 0 };
	int64_t			now = clock_now();

	if (!queue_source_count(q, &s.now, why))
		return why->status;
	/* Without a queue, nothing has failed. */
	if (queue_source_is_open(q) || q->service == NULL)
		s.error = s.now.last.text;
	if (s.now.queue.oldest > 0 && s.now.queue.oldest < now)
		s.age = now - s.now.queue.oldest;
	s.too_old = s.age > older_s;
	s.given_up = health_has_given_up(&s.now, now);
	s.bad = health_is_bad(&s.now.last);
	if (json)
		print_json(&s);
	else
		print_text(&s);
	return s.too_old || s.given_up || s.bad ? UNHEALTHY : EX_OK;
}
