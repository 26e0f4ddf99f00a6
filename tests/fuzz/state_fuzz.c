/*
 * state_fuzz.c - the small files of the spool: state, status, counters, storm,
 * usage
 *
 * The first octet selects the file.  A valid file is read as it was written,
 * and an invalid one does not keep the next event from being recorded.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/must.h"
#include "queue/counters.h"
#include "queue/files.h"
#include "queue/health.h"
#include "queue/spool_state.h"
#include "queue/storm.h"
#include "queue/usage.h"

enum { NOW = 1763760000 };

static struct spool	spool;

static void
remove_spool(void)
{
	static const char *const	files[] = { "state", "status",
					    "counters", "storm", "usage" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlinkat(spool.fd, files[i], 0);
	for (int i = 0; i < SPOOL_DIRS; i++)
		unlinkat(spool.fd, spool_dir_name((enum spool_dir)i),
		    AT_REMOVEDIR);
	rmdir(spool.directory);
	spool_close(&spool);
}

static void
make_spool(void)
{
	struct spool_options	options = { .create = true,
				    .size_max = 1 << 20 };
	struct failure		why;
	char			path[] = "/dev/shm/relais-fuzz.XXXXXX";

	must(mkdtemp(path) != NULL && spool_open(&spool, path, &options,
	    &why));
	atexit(remove_spool);
}

static void
write_file(const char *name, const uint8_t *data, size_t len)
{
	int	fd = files_open(spool.fd, name, O_CREAT | O_TRUNC | O_WRONLY);

	must(fd != -1 && files_pwrite(fd, (const char *)data, len, 0));
	close(fd);
}

static bool
is_terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static void
fuzz_state(void)
{
	static const char	url[] = "smtp://new.example";
	struct spool_state	state, again;
	struct failure		why;

	spool_state_read(&state, &spool);
	must(state.n_hosts <= SPOOL_STATE_HOSTS_MAX);
	for (size_t i = 0; i < state.n_hosts; i++)
		must(is_terminated(state.host[i].url,
		    sizeof(state.host[i].url)) &&
		    is_terminated(state.host[i].user,
		    sizeof(state.host[i].user)));
	must(spool_state_open(&again, &spool, NOW, &why));
	must(again.n_hosts == state.n_hosts);
	spool_state_host(&again, url, "me")->trouble_count = 7;
	must(spool_state_close(&again, &why));
	spool_state_read(&again, &spool);
	must(!again.invalid && spool_state_find(&again, url, "me") != NULL &&
	    spool_state_find(&again, url, "me")->trouble_count == 7);
	must(again.given_up == state.given_up &&
	    strcmp(again.given_up_text, state.given_up_text) == 0);
	spool_state_free(&state);
	spool_state_free(&again);
}

static void
fuzz_health(void)
{
	struct health		h, again;
	struct health_state	state;
	struct failure		why;

	health_read(&h, &spool);
	must(is_terminated(h.text, sizeof(h.text)));
	must(health_examine(&state, &spool, &why));
	must(health_note_error(&spool, NOW, "no", true, &why));
	health_read(&again, &spool);
	must(again.success == h.success && again.error == NOW &&
	    again.given_up == NOW && strcmp(again.text, "no") == 0);
}

static void
fuzz_counters(void)
{
	const struct counters	one = { .url = "smtp://new.example",
				    .delivered = 1 };
	struct counters		*list;
	size_t			 n;

	counters_add(&spool, &one, 1, NOW);
	n = counters_read(&list, &spool);
	must(n > 0 && n <= COUNTERS_MAX);
	for (size_t i = 0; i < n; i++)
		must(is_terminated(list[i].url, sizeof(list[i].url)) &&
		    is_terminated(list[i].user, sizeof(list[i].user)));
	free(list);
}

static void
fuzz_storm(void)
{
	const struct storm_message	m = { .uid = 33, .key = "key",
					    .limit = 2, .period = 60 };
	struct failure			why;
	int64_t				until = -1;

	must(storm_count(&spool, &m, NOW, &until, &why));
	must(until == 0 || until > NOW);
	must(storm_was_used(&spool));
}

static void
fuzz_usage(void)
{
	struct failure	why;

	/* It is only a hint: after a second, an empty spool has room. */
	must(usage_reserve(&spool, 100, NOW, &why) ||
	    usage_reserve(&spool, 100, NOW + 1, &why));
}

static const struct {
	const char	*name;
	void		(*run)(void);
} files[] = {
	{ "state", fuzz_state },
	{ "status", fuzz_health },
	{ "counters", fuzz_counters },
	{ "storm", fuzz_storm },
	{ "usage", fuzz_usage },
};

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t	i;

	if (len == 0)
		return 0;
	if (spool.directory == NULL)
		make_spool();
	i = data[0] % (sizeof(files) / sizeof(*files));
	write_file(files[i].name, data + 1, len - 1);
	files[i].run();
	return 0;
}
