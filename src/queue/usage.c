#include "queue/usage.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/files.h"

enum {
	KEEP = 60,		/* seconds for which a count is used */
	KEEP_WHEN_FULL = 1,	/* the same if the spool is full */
};

struct usage {
	uint64_t	octets;
	int64_t		counted;	/* seconds since the epoch; 0: never */
};

/* A missing, empty or invalid file has never been counted. */
static struct usage
read_usage(int fd)
{
	struct usage	usage = { 0 };
	char		text[64] = "";
	ssize_t		n = fd >= 0 ? pread(fd, text, sizeof(text) - 1, 0) : 0;

	if (n <= 0 || sscanf(text, "%20" SCNu64 " %20" SCNd64 "\n",
	    &usage.octets, &usage.counted) != 2 || usage.counted < 0)
		return (struct usage){ 0 };
	return usage;
}

/* After an error, the spool is counted for the next message. */
static void
write_usage(int fd, const struct usage *usage)
{
	char	text[64];

	snprintf(text, sizeof(text), "%020" PRIu64 " %020" PRId64 "\n",
	    usage->octets, usage->counted);
	if (fd >= 0 && !files_pwrite(fd, text, strlen(text), 0) &&
	    ftruncate(fd, 0) != 0)
		return;
}

static bool
count_usage(struct spool *spool, int64_t now, struct usage *usage,
    struct failure *why)
{
	struct spool_totals	queue, given_up;

	if (!spool_count(&queue, spool, SPOOL_QUEUE, why) ||
	    !spool_count(&given_up, spool, SPOOL_FAILED, why))
		return false;
	*usage = (struct usage){ queue.octets + given_up.octets, now };
	return true;
}

static bool
is_older(const struct usage *usage, int64_t now, int64_t seconds)
{
	return now < usage->counted || now - usage->counted >= seconds;
}

static bool
fits(const struct spool *spool, const struct usage *usage, uint64_t octets)
{
	return usage->octets <= spool->size_max &&
	    octets <= spool->size_max - usage->octets;
}

static bool
reserve(struct spool *spool, struct usage *usage, uint64_t octets, int64_t now,
    struct failure *why)
{
	if (is_older(usage, now, KEEP) && !count_usage(spool, now, usage, why))
		return false;
	if (!fits(spool, usage, octets) &&
	    is_older(usage, now, KEEP_WHEN_FULL) &&
	    !count_usage(spool, now, usage, why))
		return false;
	if (!fits(spool, usage, octets))
		return failed(why, EX_TEMPFAIL, "the queue %s is full: it "
		    "holds %" PRIu64 " octets in queue and failed, this "
		    "message needs %" PRIu64 ", queue_size_limit is %"
		    PRIu64, spool->directory, usage->octets, octets,
		    spool->size_max);
	usage->octets += octets;
	return true;
}

/*
 * The lock is held briefly, or while the spool is counted, so that waiting
 * processes can use the count.  If root uses the spool of another user, that
 * user can hold the lock indefinitely.
 */
static bool
lock_usage(const struct spool *spool, int fd)
{
	struct stat	st;

	return files_stat_regular(fd, &st) && spool_own(spool, fd) &&
	    files_lock(fd, geteuid() == spool->owner);
}

bool
usage_reserve(struct spool *spool, uint64_t octets, int64_t now,
    struct failure *why)
{
	struct usage	usage;
	bool		good;
	int		fd;

	if (spool->size_max == 0)
		return true;
	/* Without the file, the spool is measured for each message. */
	fd = files_open(spool->fd, "usage", O_RDWR | O_CREAT | O_NONBLOCK);
	if (fd >= 0 && !lock_usage(spool, fd)) {
		close(fd);
		fd = -1;
	}
	usage = read_usage(fd);
	good = reserve(spool, &usage, octets, now, why);
	write_usage(fd, &usage);
	if (fd >= 0)
		close(fd);
	return good;
}
