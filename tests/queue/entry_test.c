#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/commit.h"
#include "queue/entry.h"
#include "queue/id.h"
#include "support/skip.h"
#include "support/random.h"
#include "support/temp_spool.h"
#include "util/clock.h"

static const char *const	one[] = { "b@example.org", "" };
static const char *const	three[] = {
	"b@example.org", "c@example.org", "d@example.org", ""
};

static void
work_on(struct entry *entry, struct spool *spool, const char *id)
{
	struct failure	why = { 0 };

	if (entry_open(entry, spool, SPOOL_QUEUE, id, ENTRY_WORK, &why) !=
	    ENTRY_OPENED)
		fail_msg("%s: %s", id, why.text);
}

static enum entry_result
try_to_open(struct spool *spool, const char *name, enum entry_access access)
{
	struct failure		why;
	struct entry		entry;
	enum entry_result	result = entry_open(&entry, spool,
				    SPOOL_QUEUE, name, access, &why);

	entry_close(&entry);
	return result;
}

static void
check_round_trip(size_t body, unsigned seed)
{
	struct envelope		envelope = { 0 };
	struct spool_submission	submission = { .envelope = &envelope,
				    .next = 4000, .attempts = 2,
				    .uid = 33, .caller = "www data" };
	struct message		message;
	struct spool		spool;
	struct entry		entry;
	struct failure		why;
	char			id[ID_SIZE];

	temp_spool_make(&spool, 0);
	temp_spool_message(&message, &spool, body, seed);
	submission.message = &message;
	envelope_set_reverse(&envelope, "");
	envelope_add(&envelope, "b@example.org")->notify = NOTIFY_FAILURE;
	if (!spool_commit(&spool, &submission, id, &why))
		fail_msg("%s", why.text);
	work_on(&entry, &spool, id);
	assert_true(temp_spool_same_message(&message, &entry.message));
	assert_int_equal(entry.next, 4000);
	assert_int_equal(entry.file.attempts, 2);
	assert_int_equal(entry.file.uid, 33);
	assert_string_equal(entry.file.caller, "www data");
	assert_string_equal(entry.file.envelope.reverse_path, "");
	assert_int_equal(entry.file.envelope.forward[0].notify,
	    NOTIFY_FAILURE);
	assert_int_equal(entry.file.arrived_us / 1000000, id_time(id));
	entry_close(&entry);
	message_free(&message);
	envelope_free(&envelope);
	assert_int_equal(temp_spool_count(&spool, SPOOL_TMP), 0);
	temp_spool_remove(&spool);
}

static void
messages_of_any_size_are_read_back(void **state)
{
	static const size_t	sizes[] = {
		0, 1, 72, 4000, 65536, 256 * 1024, 256 * 1024 + 1, 3000000
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_round_trip(sizes[i], (unsigned)i + 1);
}

/* The kernel may be unable to copy from another file system. */
static void
a_body_is_copied_from_another_file_system(void **state)
{
	struct envelope		envelope = { 0 };
	struct message		message;
	struct spool_submission	submission = { .envelope = &envelope,
				    .message = &message };
	struct spool		spool, other;
	struct entry		entry;
	struct failure		why;
	char			id[ID_SIZE];

	(void)state;
	if (access("/dev/shm", W_OK) != 0)
		skip_because("needs /dev/shm");
	temp_spool_make(&spool, 0);
	temp_spool_make_in(&other, "/dev/shm", 0);
	envelope_set_reverse(&envelope, "");
	envelope_add(&envelope, "b@example.org");
	for (int i = 0; i < 2; i++) {
		struct spool	*to = i == 0 ? &spool : &other;

		temp_spool_message(&message, i == 0 ? &other : &spool, 1000000,
		    5);
		assert_true(spool_commit(to, &submission, id, &why));
		work_on(&entry, to, id);
		assert_true(temp_spool_same_message(&message, &entry.message));
		entry_close(&entry);
		message_free(&message);
	}
	envelope_free(&envelope);
	temp_spool_remove(&spool);
	temp_spool_remove(&other);
}

/* The message of an entry can be committed again. */
static void
an_entry_can_be_committed_again(void **state)
{
	struct spool_submission	submission = { 0 };
	struct spool		spool;
	struct entry		first, second;
	struct failure		why;
	char			id[ID_SIZE], again[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, three);
	work_on(&first, &spool, id);
	submission.envelope = &first.file.envelope;
	submission.message = &first.message;
	assert_true(spool_commit(&spool, &submission, again, &why));
	work_on(&second, &spool, again);
	assert_true(temp_spool_same_message(&first.message, &second.message));
	entry_close(&first);
	entry_close(&second);
	temp_spool_remove(&spool);
}

static void
outcomes_are_stored_with_the_message(void **state)
{
	struct outcome	outcomes[2] = {
		{ .kind = OUTCOME_DELIVERED, .code = 250 },
		{ .kind = OUTCOME_DEFERRED, .status = EX_TEMPFAIL,
		    .code = 451, .enhanced = "4.7.1", .in_doubt = true,
		    .text = "RCPT TO: 451 4.7.1 later" },
	};
	struct envelope		envelope = { 0 };
	struct message		message;
	struct spool_submission	submission = {
		.envelope = &envelope, .message = &message,
		.outcomes = outcomes, .held = true,
	};
	struct spool		spool;
	struct entry		entry;
	struct failure		why;
	char			id[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_message(&message, &spool, 10, 3);
	envelope_set_reverse(&envelope, "a@example.org");
	envelope_add(&envelope, "b@example.org");
	envelope_add(&envelope, "c@example.org");
	assert_true(spool_commit(&spool, &submission, id, &why));
	work_on(&entry, &spool, id);
	assert_true(entry.file.held);
	assert_int_equal(entry.file.outcomes[0].kind, OUTCOME_DELIVERED);
	assert_int_equal(entry.file.outcomes[1].kind, OUTCOME_WAITING);
	assert_true(entry.file.outcomes[1].in_doubt);
	assert_int_equal(entry.file.outcomes[1].status, EX_TEMPFAIL);
	assert_string_equal(entry.file.outcomes[1].enhanced, "4.7.1");
	assert_string_equal(entry.file.reason, "RCPT TO: 451 4.7.1 later");
	entry_close(&entry);
	message_free(&message);
	envelope_free(&envelope);
	temp_spool_remove(&spool);
}

static void
a_failed_message_is_committed_to_failed(void **state)
{
	struct envelope		envelope = { 0 };
	struct message		message;
	struct spool_submission	submission = {
		.dir = SPOOL_FAILED, .envelope = &envelope,
		.message = &message, .reason = "550 no",
	};
	struct spool		spool;
	struct entry		entry;
	struct failure		why;
	char			id[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_message(&message, &spool, 10, 3);
	envelope_set_reverse(&envelope, "");
	envelope_add(&envelope, "b@example.org");
	assert_true(spool_commit(&spool, &submission, id, &why));
	assert_int_equal(temp_spool_count(&spool, SPOOL_QUEUE), 0);
	assert_int_equal(entry_open(&entry, &spool, SPOOL_FAILED, id,
	    ENTRY_LOOK, &why), ENTRY_OPENED);
	assert_string_equal(entry.file.reason, "550 no");
	entry_close(&entry);
	message_free(&message);
	envelope_free(&envelope);
	temp_spool_remove(&spool);
}

static void
each_forward_path_keeps_its_outcome(void **state)
{
	struct outcome	now[3] = {
		{ .kind = OUTCOME_DELIVERED, .code = 250, .text = "250 ok" },
		{ .kind = OUTCOME_FAILED, .code = 550, .status = EX_NOUSER,
		    .enhanced = "5.1.1", .text = "550 5.1.1 who\nis that" },
		{ .kind = OUTCOME_DEFERRED, .code = 450, .text = "450 busy" },
	};
	struct spool	spool;
	struct entry	entry;
	struct failure	why;
	char		id[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, three);
	work_on(&entry, &spool, id);
	assert_true(entry_record(&entry, now, &why));
	assert_true(entry_defer(&entry, 7777, true, &why));
	entry_close(&entry);

	work_on(&entry, &spool, id);
	assert_int_equal(entry.next, 7777);
	assert_int_equal(entry.file.attempts, 1);
	assert_int_equal(entry.file.asked, 1);
	assert_true(entry_defer(&entry, 7777, false, &why));
	assert_int_equal(entry.file.attempts, 2);
	assert_int_equal(entry.file.asked, 1);
	assert_string_equal(entry.file.reason, "450 busy");
	assert_int_equal(entry.file.outcomes[0].kind, OUTCOME_DELIVERED);
	assert_int_equal(entry.file.outcomes[1].kind, OUTCOME_FAILED);
	assert_string_equal(entry.file.outcomes[1].text,
	    "550 5.1.1 who\nis that");
	assert_int_equal(entry.file.outcomes[2].kind, OUTCOME_WAITING);
	assert_int_equal(entry.file.outcomes[2].code, 450);

	/* A delivered or failed outcome cannot change any more. */
	now[0].kind = OUTCOME_FAILED;
	now[1].kind = OUTCOME_WAITING;
	now[2] = (struct outcome){ .kind = OUTCOME_DELIVERED };
	assert_true(entry_record(&entry, now, &why));
	entry_close(&entry);
	work_on(&entry, &spool, id);
	assert_int_equal(entry.file.outcomes[0].kind, OUTCOME_DELIVERED);
	assert_int_equal(entry.file.outcomes[1].kind, OUTCOME_FAILED);
	assert_int_equal(entry.file.outcomes[2].kind, OUTCOME_DELIVERED);
	assert_int_equal(entry.next, 7777);
	entry_close(&entry);
	temp_spool_remove(&spool);
}

static void
a_waiting_outcome_is_not_recorded(void **state)
{
	struct outcome	nothing[3] = { 0 };
	struct spool	spool;
	struct entry	entry;
	struct stat	before, after;
	struct failure	why;
	char		id[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, three);
	work_on(&entry, &spool, id);
	assert_int_equal(fstat(entry.fd, &before), 0);
	assert_true(entry_record(&entry, nothing, &why));
	assert_int_equal(fstat(entry.fd, &after), 0);
	assert_memory_equal(&before.st_ctim, &after.st_ctim,
	    sizeof(before.st_ctim));
	entry_close(&entry);
	temp_spool_remove(&spool);
}

static void
the_held_and_notice_flags_are_rewritten_in_place(void **state)
{
	struct spool	spool;
	struct entry	entry;
	struct failure	why;
	char		id[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, one);
	work_on(&entry, &spool, id);
	assert_true(entry_hold(&entry, true, &why));
	assert_true(entry_mark_notice(&entry, &why));
	entry_close(&entry);
	work_on(&entry, &spool, id);
	assert_true(entry.file.held);
	assert_true(entry.file.notice_sent);
	assert_int_equal(entry.next, 1000);
	assert_true(entry_hold(&entry, false, &why));
	entry_close(&entry);
	work_on(&entry, &spool, id);
	assert_false(entry.file.held);
	assert_int_equal(entry.next, 1000);
	entry_close(&entry);
	temp_spool_remove(&spool);
}

static void
a_failed_entry_is_kept_with_its_reason(void **state)
{
	struct spool	spool;
	struct entry	entry;
	struct failure	why;
	char		id[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, one);
	work_on(&entry, &spool, id);
	assert_true(entry_fail(&entry, "expired after 5 days", &why));
	entry_close(&entry);
	assert_int_equal(try_to_open(&spool, id, ENTRY_WORK), ENTRY_GONE);
	assert_int_equal(entry_open(&entry, &spool, SPOOL_FAILED, id,
	    ENTRY_WORK, &why), ENTRY_OPENED);
	assert_string_equal(entry.file.reason, "expired after 5 days");
	assert_true(entry_remove(&entry, &why));
	entry_close(&entry);
	assert_int_equal(temp_spool_count(&spool, SPOOL_FAILED), 0);
	temp_spool_remove(&spool);
}

static void
read_whole(const struct entry *entry, char *to, size_t size)
{
	assert_in_range(entry->size, 1, size);
	assert_int_equal(pread(entry->fd, to, size, 0), entry->size);
}

static void
entry_prove_does_not_change_the_file(void **state)
{
	struct spool	spool;
	struct entry	entry;
	struct stat	st;
	struct failure	why;
	char		id[ID_SIZE], before[8192], after[8192];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, three);
	work_on(&entry, &spool, id);
	read_whole(&entry, before, sizeof(before));
	assert_true(entry_prove(&entry, &why));
	read_whole(&entry, after, sizeof(after));
	assert_memory_equal(before, after, entry.size);
	assert_int_equal(fstat(entry.fd, &st), 0);
	assert_int_equal(st.st_mtime, 1000);
	entry_close(&entry);
	temp_spool_remove(&spool);
}

static void
entry_set_aside_changes_only_the_time(void **state)
{
	struct spool	spool;
	struct entry	entry;
	struct failure	why;
	int64_t		before_s;
	char		id[ID_SIZE], before[8192], after[8192];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, three);
	work_on(&entry, &spool, id);
	read_whole(&entry, before, sizeof(before));
	assert_true(entry_postpone(&entry, 5000, &why));
	before_s = (int64_t)time(NULL);
	assert_true(entry_set_aside(&entry, &why));
	entry_close(&entry);
	assert_int_equal(try_to_open(&spool, id, ENTRY_WORK), ENTRY_GONE);
	assert_int_equal(entry_open(&entry, &spool, SPOOL_FAILED, id,
	    ENTRY_WORK, &why), ENTRY_OPENED);
	read_whole(&entry, after, sizeof(after));
	assert_memory_equal(before, after, entry.size);
	assert_true(entry.next >= before_s);
	entry_close(&entry);
	temp_spool_remove(&spool);
}

static void
a_file_in_failed_is_not_overwritten(void **state)
{
	struct spool	spool;
	struct entry	entry;
	struct failure	why;
	char		id[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, one);
	assert_int_equal(mkdirat(spool.dir[SPOOL_FAILED], id, 0700), 0);
	work_on(&entry, &spool, id);
	assert_true(entry_fail(&entry, "no", &why));
	assert_string_not_equal(entry.name, id);
	assert_true(id_is_valid(entry.name));
	entry_close(&entry);
	assert_int_equal(temp_spool_count(&spool, SPOOL_FAILED), 2);
	temp_spool_remove(&spool);
}

static void
a_locked_entry_cannot_be_opened_for_work(void **state)
{
	struct spool	spool;
	struct entry	first, look;
	struct failure	why;
	char		id[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, one);
	work_on(&first, &spool, id);
	assert_int_equal(try_to_open(&spool, id, ENTRY_WORK), ENTRY_LOCKED);
	assert_int_equal(entry_open(&look, &spool, SPOOL_QUEUE, id,
	    ENTRY_LOOK, &why), ENTRY_OPENED);
	assert_true(look.locked);
	entry_close(&look);
	entry_close(&first);

	/* A reader neither locks an entry nor is mistaken for a worker. */
	assert_int_equal(entry_open(&look, &spool, SPOOL_QUEUE, id,
	    ENTRY_LOOK, &why), ENTRY_OPENED);
	assert_false(look.locked);
	assert_true(entry_load(&look, &why));
	work_on(&first, &spool, id);
	assert_true(temp_spool_same_message(&look.message, &first.message));
	assert_true(entry_remove(&first, &why));
	assert_int_equal(try_to_open(&spool, id, ENTRY_LOOK), ENTRY_GONE);
	entry_close(&look);
	entry_close(&first);
	temp_spool_remove(&spool);
}

static void
a_reader_does_not_lock_an_entry(void **state)
{
	struct spool	spool;
	char		id[ID_SIZE];
	int		locked = 0, status;
	pid_t		reader;

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, one);
	if ((reader = fork()) == 0)
		while (try_to_open(&spool, id, ENTRY_LOOK) == ENTRY_OPENED)
			;
	for (int i = 0; i < 1000; i++)
		locked += try_to_open(&spool, id, ENTRY_WORK) != ENTRY_OPENED;
	kill(reader, SIGKILL);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(locked, 0);
	temp_spool_remove(&spool);
}

/* Two processes take entries until none is left. */
static void
two_processes_get_each_entry_once(void **state)
{
	struct spool		spool;
	struct spool_list	list;
	struct failure		why;
	char			id[ID_SIZE];
	int			taken[2] = { 0 }, status;
	pid_t			pid[2];

	(void)state;
	temp_spool_make(&spool, 0);
	for (int i = 0; i < 50; i++)
		temp_spool_put(&spool, id, one);
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	for (int i = 0; i < 2; i++) {
		if ((pid[i] = fork()) != 0)
			continue;
		for (size_t j = 0; j < list.n; j++) {
			struct entry	entry;

			if (entry_open(&entry, &spool, SPOOL_QUEUE,
			    list.item[j].name, ENTRY_WORK, &why) !=
			    ENTRY_OPENED)
				continue;
			taken[i] += entry_remove(&entry, &why);
			entry_close(&entry);
		}
		_exit(taken[i]);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		taken[i] = WEXITSTATUS(status);
	}
	assert_int_equal(taken[0] + taken[1], 50);
	assert_int_equal(temp_spool_count(&spool, SPOOL_QUEUE), 0);
	spool_list_free(&list);
	temp_spool_remove(&spool);
}

static void
make_file(struct spool *spool, const char *name, const void *data, size_t len)
{
	int	fd = openat(spool->dir[SPOOL_QUEUE], name,
		    O_CREAT | O_EXCL | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static const char	planted[] = "0123456789abcde";

static void
plant_directory(struct spool *spool, const char *id)
{
	(void)id;
	assert_int_equal(mkdirat(spool->dir[SPOOL_QUEUE], planted, 0700), 0);
}

static void
plant_pipe(struct spool *spool, const char *id)
{
	(void)id;
	assert_int_equal(mkfifoat(spool->dir[SPOOL_QUEUE], planted, 0600),
	    0);
}

static void
plant_device(struct spool *spool, const char *id)
{
	(void)id;
	if (mknodat(spool->dir[SPOOL_QUEUE], planted, S_IFCHR | 0600,
	    makedev(1, 5)) != 0)
		plant_directory(spool, id);	/* no right to make one */
}

static void
plant_symlink(struct spool *spool, const char *id)
{
	assert_int_equal(symlinkat(id, spool->dir[SPOOL_QUEUE], planted),
	    0);
}

static void
plant_dangling_symlink(struct spool *spool, const char *id)
{
	(void)id;
	assert_int_equal(symlinkat("nowhere", spool->dir[SPOOL_QUEUE],
	    planted), 0);
}

static void
plant_foreign_file(struct spool *spool, const char *id)
{
	(void)id;
	make_file(spool, planted, "x", 1);
	if (fchownat(spool->dir[SPOOL_QUEUE], planted, 4321, 4321, 0) != 0)
		assert_int_not_equal(geteuid(), 0);
}

static void
plant_empty_file(struct spool *spool, const char *id)
{
	(void)id;
	make_file(spool, planted, "", 0);
}

static void
plant_garbage(struct spool *spool, const char *id)
{
	char		garbage[100000];
	uint64_t	seed = 1;

	(void)id;
	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = (char)next_random(&seed);
	make_file(spool, planted, garbage, sizeof(garbage));
}

static void
plant_sparse_terabyte(struct spool *spool, const char *id)
{
	int	fd;

	(void)id;
	make_file(spool, planted, "relais-queue 1\n", 15);
	fd = openat(spool->dir[SPOOL_QUEUE], planted, O_WRONLY);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	close(fd);
}

/* A copy of the valid entry with another length. */
static void
plant_copy(struct spool *spool, const char *id, off_t longer)
{
	int	queue = spool->dir[SPOOL_QUEUE];
	int	in = openat(queue, id, O_RDONLY), out;
	char	data[65536];
	ssize_t	n = read(in, data, sizeof(data));

	assert_true(n > 0);
	make_file(spool, planted, data, (size_t)n);
	out = openat(queue, planted, O_WRONLY);
	assert_int_equal(ftruncate(out, n + longer), 0);
	close(in);
	close(out);
}

static void
plant_truncated(struct spool *spool, const char *id)
{
	plant_copy(spool, id, -1);
}

static void
plant_terabyte_behind_an_entry(struct spool *spool, const char *id)
{
	plant_copy(spool, id, (off_t)1 << 40);
}

static void
plant_cut_in_the_envelope(struct spool *spool, const char *id)
{
	plant_copy(spool, id, -900);
}

/* Makes the first line of the header invalid. */
static void
plant_broken_header(struct spool *spool, const char *id)
{
	struct entry	entry;
	struct failure	why;
	int		fd;
	off_t		at;

	plant_copy(spool, id, 0);
	assert_int_equal(entry_open(&entry, spool, SPOOL_QUEUE, planted,
	    ENTRY_LOOK, &why), ENTRY_OPENED);
	at = (off_t)entry.file.message_at;
	entry_close(&entry);
	fd = openat(spool->dir[SPOOL_QUEUE], planted, O_WRONLY);
	assert_int_equal(pwrite(fd, "  :", 3, at), 3);
	close(fd);
}

/* The header has more octets than an entry can have. */
static void
plant_long_header(struct spool *spool, const char *id)
{
	unsigned long	header = ENVELOPE_FILE_HEADER_MAX + 1, at, size;
	char		text[200] = "", line[100];
	int		fd;

	plant_copy(spool, id, (off_t)header);
	fd = openat(spool->dir[SPOOL_QUEUE], planted, O_RDWR);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_int_equal(sscanf(text, "relais-queue 1\nmessage %lu %*u %lu",
	    &at, &size), 2);
	snprintf(line, sizeof(line), "relais-queue 1\nmessage %010lu %010lu "
	    "%020lu\n", at, header, size + header);
	assert_int_equal(pwrite(fd, line, strlen(line), 0), strlen(line));
	close(fd);
}

/* The file is moved unchanged, and the valid entry can be opened. */
static void
is_moved_to_failed(void **state)
{
	void	(*plant)(struct spool *, const char *) =
		    *(void (**)(struct spool *, const char *))*state;
	struct spool		spool;
	struct entry		entry;
	struct failure		why = { 0 };
	struct stat		before, after;
	char			id[ID_SIZE];

	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, one);
	plant(&spool, id);
	assert_int_equal(fstatat(spool.dir[SPOOL_QUEUE], planted, &before,
	    AT_SYMLINK_NOFOLLOW), 0);
	if (plant != plant_broken_header && plant != plant_long_header)
		assert_int_not_equal(try_to_open(&spool, planted, ENTRY_LOOK),
		    ENTRY_OPENED);
	assert_int_equal(temp_spool_count(&spool, SPOOL_FAILED), 0);
	assert_int_equal(entry_open(&entry, &spool, SPOOL_QUEUE, planted,
	    ENTRY_WORK, &why), ENTRY_BAD);
	assert_non_null(strstr(why.text, "moved to"));
	assert_int_equal(fstatat(spool.dir[SPOOL_FAILED], planted, &after,
	    AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mode, after.st_mode);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(try_to_open(&spool, planted, ENTRY_WORK), ENTRY_GONE);
	assert_int_equal(try_to_open(&spool, id, ENTRY_WORK), ENTRY_OPENED);
	temp_spool_remove(&spool);
}

/* Both names are moved. */
static void
an_entry_with_two_hard_links_is_moved_to_failed(void **state)
{
	struct spool	spool;
	char		id[ID_SIZE];
	int		queue;

	(void)state;
	temp_spool_make(&spool, 0);
	queue = spool.dir[SPOOL_QUEUE];
	temp_spool_put(&spool, id, one);
	assert_int_equal(linkat(queue, id, queue, planted, 0), 0);
	assert_int_equal(try_to_open(&spool, planted, ENTRY_WORK), ENTRY_BAD);
	assert_int_equal(temp_spool_count(&spool, SPOOL_FAILED), 1);
	temp_spool_remove(&spool);
}

static void
an_invalid_file_name_is_not_opened(void **state)
{
	struct spool	spool;
	char		longest[256];

	(void)state;
	temp_spool_make(&spool, 0);
	memset(longest, 'n', 255);
	longest[255] = '\0';
	make_file(&spool, longest, "x", 1);
	make_file(&spool, "new\nline", "x", 1);
	assert_int_equal(try_to_open(&spool, longest, ENTRY_WORK), ENTRY_BAD);
	assert_int_equal(try_to_open(&spool, "new\nline", ENTRY_WORK),
	    ENTRY_BAD);
	assert_int_equal(temp_spool_count(&spool, SPOOL_FAILED), 2);
	assert_int_equal(try_to_open(&spool, "", ENTRY_WORK), ENTRY_GONE);
	assert_int_equal(try_to_open(&spool, "..", ENTRY_WORK), ENTRY_GONE);
	assert_int_equal(try_to_open(&spool, ".x", ENTRY_WORK), ENTRY_GONE);
	assert_int_equal(try_to_open(&spool, "../usage", ENTRY_WORK),
	    ENTRY_GONE);
	assert_int_equal(try_to_open(&spool, "/etc/passwd", ENTRY_WORK),
	    ENTRY_GONE);
	temp_spool_remove(&spool);
}

/* The caller still has the message: it is not moved to failed/. */
static void
a_header_that_cannot_be_read_back_is_refused(void **state)
{
	static const char *const	fields[] = {
		"no field\r\n", "X: y\r\n\r\nearly end\r\n", "X: no end",
		"X: LF only\n", ": no name\r\n",
	};
	struct spool	spool;

	(void)state;
	temp_spool_make(&spool, 0);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct envelope		envelope = { 0 };
		struct message		message;
		struct spool_submission	submission = { .envelope = &envelope,
					    .message = &message };
		struct failure		why;
		char			id[ID_SIZE];

		temp_spool_message(&message, &spool, 10, 1);
		header_append(&message.header, strdup(fields[i]),
		    strlen(fields[i]));
		envelope_add(&envelope, "b@example.org");
		assert_false(spool_commit(&spool, &submission, id, &why));
		assert_int_equal(why.status, EX_DATAERR);
		message_free(&message);
		envelope_free(&envelope);
	}
	assert_int_equal(temp_spool_count(&spool, SPOOL_QUEUE), 0);
	temp_spool_remove(&spool);
}

static void
a_full_spool_refuses_a_message(void **state)
{
	struct envelope		envelope = { 0 };
	struct message		message;
	struct spool_submission	submission = { .envelope = &envelope,
				    .message = &message };
	struct spool		spool;
	struct failure		why;
	char			id[ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 5000);
	temp_spool_message(&message, &spool, 2500, 1);
	envelope_set_reverse(&envelope, "");
	envelope_add(&envelope, "b@example.org");
	assert_true(spool_commit(&spool, &submission, id, &why));
	assert_false(spool_commit(&spool, &submission, id, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_int_equal(temp_spool_count(&spool, SPOOL_QUEUE), 1);
	message_free(&message);
	envelope_free(&envelope);
	temp_spool_remove(&spool);
}

static void
a_file_size_limit_refuses_a_message(void **state)
{
	struct envelope		envelope = { 0 };
	struct message		message;
	struct spool_submission	submission = { .envelope = &envelope,
				    .message = &message };
	struct rlimit		old, small = { 4096, 4096 };
	struct spool		spool;
	struct failure		why;
	char			id[ID_SIZE];
	bool			kept;

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_message(&message, &spool, 100000, 1);
	envelope_set_reverse(&envelope, "");
	envelope_add(&envelope, "b@example.org");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	kept = spool_commit(&spool, &submission, id, &why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_false(kept);
	assert_int_equal(why.status, EX_CANTCREAT);
	assert_int_equal(temp_spool_count(&spool, SPOOL_QUEUE), 0);
	assert_int_equal(temp_spool_count(&spool, SPOOL_TMP), 0);
	message_free(&message);
	envelope_free(&envelope);
	temp_spool_remove(&spool);
}

/* The entries are copies, because syncing each would test the disk. */
static void
ten_thousand_entries_are_listed_in_a_second(void **state)
{
	struct spool_list	list;
	struct spool		spool;
	struct entry		entry;
	struct failure		why;
	char			id[ID_SIZE], data[8192];
	clock_t			start;
	ssize_t			n;
	int			fd;

	(void)state;
	temp_spool_make(&spool, 0);
	temp_spool_put(&spool, id, one);
	fd = openat(spool.dir[SPOOL_QUEUE], id, O_RDONLY);
	n = read(fd, data, sizeof(data));
	close(fd);
	for (int i = 1; i < 10000; i++) {
		id_make(id, 1763760000000000 + i, 0);
		make_file(&spool, id, data, (size_t)n);
	}
	start = clock();
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(list.n, 10000);
	for (size_t i = 0; i < list.n; i++) {
		assert_int_equal(entry_open(&entry, &spool, SPOOL_QUEUE,
		    list.item[i].name, ENTRY_LOOK, &why), ENTRY_OPENED);
		entry_close(&entry);
	}
	start = clock() - start;
	print_message("listed 10000 with their envelopes in %d ms of CPU\n",
	    (int)(start * 1000 / CLOCKS_PER_SEC));
#ifndef __SANITIZE_ADDRESS__
	assert_true(start < CLOCKS_PER_SEC);
#endif
	spool_list_free(&list);
	temp_spool_remove(&spool);
}

#define MOVES(sentence, plant) \
	{ "moved to failed/: " sentence, is_moved_to_failed, NULL, NULL, \
	    &(void (*)(struct spool *, const char *)){ plant } }

static struct CMUnitTest entry_spec[] = {
	cmocka_unit_test(messages_of_any_size_are_read_back),
	cmocka_unit_test(a_body_is_copied_from_another_file_system),
	cmocka_unit_test(an_entry_can_be_committed_again),
	cmocka_unit_test(outcomes_are_stored_with_the_message),
	cmocka_unit_test(a_failed_message_is_committed_to_failed),
	cmocka_unit_test(each_forward_path_keeps_its_outcome),
	cmocka_unit_test(a_waiting_outcome_is_not_recorded),
	cmocka_unit_test(the_held_and_notice_flags_are_rewritten_in_place),
	cmocka_unit_test(a_failed_entry_is_kept_with_its_reason),
	cmocka_unit_test(entry_prove_does_not_change_the_file),
	cmocka_unit_test(entry_set_aside_changes_only_the_time),
	cmocka_unit_test(a_file_in_failed_is_not_overwritten),
	cmocka_unit_test(a_locked_entry_cannot_be_opened_for_work),
	cmocka_unit_test(a_reader_does_not_lock_an_entry),
	cmocka_unit_test(two_processes_get_each_entry_once),
	MOVES("a directory", plant_directory),
	MOVES("a pipe without a writer", plant_pipe),
	MOVES("a device", plant_device),
	MOVES("a symbolic link to a valid entry", plant_symlink),
	MOVES("a dangling symbolic link", plant_dangling_symlink),
	MOVES("a file of another user", plant_foreign_file),
	MOVES("an empty file", plant_empty_file),
	MOVES("a file with invalid contents", plant_garbage),
	MOVES("a sparse file of a terabyte", plant_sparse_terabyte),
	MOVES("a message without its last octet", plant_truncated),
	MOVES("an entry followed by a terabyte",
	    plant_terabyte_behind_an_entry),
	MOVES("an entry that is truncated in its envelope",
	    plant_cut_in_the_envelope),
	MOVES("an entry with an invalid header", plant_broken_header),
	MOVES("an entry with a header that is too long", plant_long_header),
	cmocka_unit_test(an_entry_with_two_hard_links_is_moved_to_failed),
	cmocka_unit_test(an_invalid_file_name_is_not_opened),
	cmocka_unit_test(a_header_that_cannot_be_read_back_is_refused),
	cmocka_unit_test(a_full_spool_refuses_a_message),
	cmocka_unit_test(a_file_size_limit_refuses_a_message),
	cmocka_unit_test(ten_thousand_entries_are_listed_in_a_second),
};

int
main(void)
{
	return cmocka_run_group_tests(entry_spec, NULL, NULL);
}
