#include "relay/seats.h"

#include <fcntl.h>
#include <poll.h>
#include <sysexits.h>

#include "util/clock.h"

enum {
	SEATS_MAX = 1024,	/* of a section; the key allows 1000 */
	LOOK_MS = 50,		/* no lock can be waited for among several */
};

bool
seats_are_set(const struct config *config)
{
	for (const struct section *s = config->first; s != NULL; s = s->next)
		if (s->pattern != NULL && s->setting[KEY_CONNECTIONS] != NULL)
			return true;
	return false;
}

/* Returns the section of the limit, or NULL if only that of all applies. */
static const struct section *
limiting_section(const struct config *config,
    const struct config_subject *subject)
{
	const struct section	*s = config_section(config, subject,
				    KEY_CONNECTIONS);

	return s != NULL && s->pattern != NULL ? s : NULL;
}

static bool
set_lock(const struct seats *seats, short type, off_t at)
{
	struct flock	lock = { .l_type = type, .l_whence = SEEK_SET,
			    .l_start = at, .l_len = 1 };

	return fcntl(seats->file, F_SETLK, &lock) == 0;
}

static bool
take_one(struct seats *seats, off_t first, off_t n)
{
	for (off_t at = first; at < first + n; at++)
		if (set_lock(seats, F_WRLCK, at)) {
			seats->taken = at;
			return true;
		}
	return false;
}

static bool
wait_a_moment(struct interrupt *interrupt)
{
	struct pollfd	p = { .fd = interrupt != NULL ? interrupt->fd : -1,
			    .events = POLLIN };

	return poll(&p, 1, LOOK_MS) == 0;
}

bool
seats_take(struct seats *seats, const struct config *config,
    const struct config_subject *subject, struct interrupt *interrupt,
    struct failure *why)
{
	const struct section	*limit;
	const struct setting	*set;
	off_t			 first = 1, n;
	int64_t			 end;

	if (seats->file == -1)
		return true;
	limit = limiting_section(config, subject);
	if (limit == NULL) {
		seats_leave(seats);
		return true;
	}
	for (const struct section *s = config->first; s != limit; s = s->next)
		first += SEATS_MAX;
	if (seats->taken >= first && seats->taken < first + SEATS_MAX)
		return true;
	seats_leave(seats);
	n = (off_t)config_number(config, subject, KEY_CONNECTIONS);
	end = clock_ms() + seats->wait_ms;
	while (!take_one(seats, first, n))
		if (clock_ms() >= end || !wait_a_moment(interrupt)) {
			set = limit->setting[KEY_CONNECTIONS];
			return failed(why, EX_TEMPFAIL, "all connections to "
			    "the smarthost are in use: connections = %s (%s)",
			    set->value, set->origin);
		}
	return true;
}

void
seats_leave(struct seats *seats)
{
	if (seats->taken != 0)
		set_lock(seats, F_UNLCK, seats->taken);
	seats->taken = 0;
}
