#include "cli/ask.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli/output.h"
#include "util/memory.h"

enum { SECRET_ROOM = 4096 };

bool
ask_is_possible(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

char *
ask(const char *question, const char *suggestion)
{
	char	*line = NULL, *start;
	size_t	 room = 0;
	ssize_t	 len;

	output_text(question);
	if (suggestion != NULL) {
		printf(" [");
		output_text(suggestion);
		printf("]");
	}
	printf(": ");
	fflush(stdout);
	len = getline(&line, &room, stdin);
	if (len == -1) {
		putchar('\n');
		free(line);
		return NULL;
	}
	while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
		line[--len] = '\0';
	start = line + strspn(line, " \t");
	start = memory_copy(start[0] == '\0' && suggestion != NULL ?
	    suggestion : start);
	free(line);
	return start;
}

/* The signals that end or stop this process, unless they are ignored. */
static void
find_signals(sigset_t *set)
{
	static const int	signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGTSTP };
	struct sigaction	action;

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (sigaction(signals[i], NULL, &action) == 0 &&
		    action.sa_handler != SIG_IGN)
			sigaddset(set, signals[i]);
}

/* Returns false if a signal came first. */
static bool
wait_for_line(int signals)
{
	struct pollfd	p[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	while (poll(p, 2, -1) == -1 && errno == EINTR)
		;
	return p[0].revents == 0;
}

/*
 * readpassphrase(3) does not notice a signal that arrives just before it reads.
 * Here, signals are blocked while the echo is off, and waited for together with
 * the answer.  After a stop (Ctrl-Z), the question is asked again.
 */
bool
ask_secret(struct buffer *answer, const char *question)
{
	char		*room;
	struct termios	 normal, silent;
	sigset_t	 set, before;
	bool		 has_line;
	ssize_t		 n = -1;
	int		 signals;

	if (tcgetattr(STDIN_FILENO, &normal) == -1)
		return false;
	buffer_wipe(answer);
	room = buffer_room(answer, SECRET_ROOM);
	silent = normal;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	find_signals(&set);
	do {
		sigprocmask(SIG_BLOCK, &set, &before);
		signals = signalfd(-1, &set, SFD_CLOEXEC);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
		fputs(question, stdout);
		fflush(stdout);
		has_line = wait_for_line(signals);
		if (has_line)
			n = read(STDIN_FILENO, room, SECRET_ROOM - 1);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &normal);
		close(signals);
		putchar('\n');
		fflush(stdout);
		sigprocmask(SIG_SETMASK, &before, NULL);
	} while (!has_line);
	if (n <= 0)
		return false;
	if (room[n - 1] == '\n')
		n--;
	room[n] = '\0';
	answer->len = (size_t)n;
	return true;
}

char
ask_letter(const char *question, const char *suggestion, const char *letters)
{
	const char	*found = NULL;

	while (found == NULL) {
		char	*answer = ask(question, suggestion);

		if (answer == NULL)
			return '\0';
		if (answer[0] != '\0')
			found = strchr(letters, tolower(
			    (unsigned char)answer[0]));
		free(answer);
	}
	return *found;
}

bool
ask_yes(const char *question)
{
	return ask_letter(question, "yes", "yn") == 'y';
}
