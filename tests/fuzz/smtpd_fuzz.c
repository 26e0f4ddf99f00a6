/*
 * smtpd_fuzz.c - properties of every session with an SMTP client
 *
 * The text is the input from the client.  All replies consist of well-formed
 * lines.  Each accepted message has recipients, paths without control
 * characters or angle brackets, and DSN parameters in xtext.
 */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "smtpd/smtpd_session.h"
#include "util/file.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
assert_plain(const char *text)
{
	for (; *text != '\0'; text++)
		assert((unsigned char)*text >= ' ' && *text != '\177' &&
		    *text != '<' && *text != '>');
}

/* RFC 3461 section 4: visible ASCII, '=' and '+' only as "+3D" and "+2B". */
static void
assert_xtext(const char *text)
{
	for (; *text != '\0'; text++) {
		assert(*text >= '!' && *text <= '~' && *text != '=');
		assert(*text != '+' || (isxdigit((unsigned char)text[1]) &&
		    isxdigit((unsigned char)text[2])));
	}
}

static const char *
take_message(void *context, const struct envelope *env, struct message *m,
    struct outcome *outcomes)
{
	(void)context;
	assert(env->n > 0 && env->n <= 5 && message_size(m) <= 4002);
	assert_plain(env->reverse_path);
	if (env->envid != NULL)
		assert_xtext(env->envid);
	for (size_t i = 0; i < env->n; i++) {
		assert(env->forward[i].path[0] != '\0');
		assert_plain(env->forward[i].path);
		if (env->forward[i].orcpt != NULL)
			assert_xtext(env->forward[i].orcpt);
		outcomes[i] = (struct outcome){ .kind =
		    (enum outcome_kind)(1 + i % 3), .status = EX_TEMPFAIL,
		    .text = "so it is" };
	}
	return env->n % 2 == 0 ? "ID" : NULL;
}

/* Three digits, a blank or hyphen, and text without control characters. */
static void
assert_answers(int fd)
{
	char	answers[64 * 1024];
	ssize_t	n = pread(fd, answers, sizeof(answers) - 1, 0);
	char	*line = answers;

	assert(n > 0);
	answers[n] = '\0';
	assert(strlen(answers) == (size_t)n);
	while (*line != '\0') {
		size_t	len = strcspn(line, "\r\n");

		if (line[len] == '\0')
			break;		/* the buffer was too small */
		assert(len >= 4 && len <= 510 && line[0] >= '2' &&
		    line[0] <= '5' && strchr(" -", line[3]) != NULL);
		for (size_t i = 0; i < len; i++)
			assert((unsigned char)line[i] >= ' ');
		assert(line[len] == '\r' && line[len + 1] == '\n');
		line += len + 2;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const tmp[] = { "/tmp", NULL };
	struct smtpd_policy	policy = { .host = "here", .size_max = 4000,
				    .recipients_max = 5, .spill = tmp,
				    .message = take_message };
	int			in = memfd_create("in", MFD_CLOEXEC);
	int			out = memfd_create("out", MFD_CLOEXEC);
	struct stream		stream;
	struct failure		why;

	assert(in != -1 && out != -1 && file_write(in, data, len));
	assert(lseek(in, 0, SEEK_SET) == 0);
	stream_open_pair(&stream, in, out);
	assert(smtpd_session(&stream, &policy, &why));
	stream_close(&stream);
	assert_answers(out);
	close(in);
	close(out);
	return 0;
}
