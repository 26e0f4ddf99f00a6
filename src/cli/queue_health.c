#include "cli/queue_health.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli/output.h"
#include "queue/health.h"
#include "util/buffer.h"
#include "util/json.h"

enum { UNHEALTHY = 1 };

struct queue_state {
	struct spool_totals	queue;
	struct spool_totals	failed;
	struct health		health;
	int64_t			age;		/* of the oldest entry, in
						 * seconds; 0 if none */
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
print_text(const struct queue_state *s, bool too_old)
{
	printf("queue: %zu message%s, %llu Kbytes", s->queue.entries,
	    s->queue.entries == 1 ? "" : "s",
	    (unsigned long long)(s->queue.octets / 1024));
	if (s->queue.entries > 0)
		printf(", oldest %lld minutes%s", (long long)s->age / 60,
		    too_old ? ": TOO OLD" : "");
	printf("\nfailed: %zu message%s, %llu Kbytes\n", s->failed.entries,
	    s->failed.entries == 1 ? "" : "s",
	    (unsigned long long)(s->failed.octets / 1024));
	print_event("last success", s->health.success, "");
	print_event("last given up", s->health.given_up,
	    health_is_bad(&s->health) ? "NOTHING SENT SINCE" : "");
	print_event("last error", s->health.error, s->health.text);
}

static void
print_json(const struct queue_state *s, bool good)
{
	struct buffer	b = { 0 };

	json_string(&b, s->health.text);
	printf("{\"ok\":%s,\"queue\":%zu,\"queue_octets\":%llu,"
	    "\"oldest_seconds\":%lld,\"failed\":%zu,\"failed_octets\":%llu,"
	    "\"last_success\":%lld,\"last_given_up\":%lld,\"last_error\":%lld,"
	    "\"last_error_text\":%s}\n", good ? "true" : "false",
	    s->queue.entries, (unsigned long long)s->queue.octets,
	    (long long)s->age, s->failed.entries,
	    (unsigned long long)s->failed.octets,
	    (long long)s->health.success, (long long)s->health.given_up,
	    (long long)s->health.error, b.data);
	buffer_free(&b);
}

int
queue_health(struct spool *spool, int64_t older_s, bool json,
    struct failure *why)
{
	struct queue_state	s = { 0 };
	int64_t			now = (int64_t)time(NULL);
	bool			too_old, good;

	if (spool != NULL) {
		health_read(&s.health, spool);
		if (!spool_count(&s.queue, spool, SPOOL_QUEUE, why) ||
		    !spool_count(&s.failed, spool, SPOOL_FAILED, why))
			return why->status;
	}
	if (s.queue.oldest > 0 && s.queue.oldest < now)
		s.age = now - s.queue.oldest;
	too_old = s.age > older_s;
	good = !too_old && !health_is_bad(&s.health);
	if (json)
		print_json(&s, good);
	else
		print_text(&s, too_old);
	return good ? EX_OK : UNHEALTHY;
}
