#include "cli/ask.h"

#include <readpassphrase.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

bool
ask_secret(struct buffer *answer, const char *question)
{
	char	*room = buffer_room(answer, SECRET_ROOM);

	fflush(stdout);
	if (readpassphrase(question, room, SECRET_ROOM, RPP_ECHO_OFF) == NULL)
		return false;
	answer->len = strlen(room);
	return true;
}

bool
ask_yes(const char *question)
{
	char	*answer = ask(question, "yes");
	bool	 yes = answer != NULL &&
		    (answer[0] == 'y' || answer[0] == 'Y');

	free(answer);
	return yes;
}
