#include "cli/setup_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/output.h"
#include "config/token_file.h"
#include "serve/serve_user.h"
#include "setup/reload.h"
#include "util/file.h"

/* Whether the directory exists and the user relais could not write to it. */
static bool
is_of_another_user(const char *directory)
{
	struct serve_user	user;
	struct failure		ignored;
	struct stat		st;

	return stat(directory, &st) == 0 &&
	    (!serve_user_find(&user, &ignored) || user.name == NULL ||
	    st.st_uid != user.uid);
}

static bool
user_is_missing(void)
{
	struct serve_user	user;
	struct failure		ignored;

	return geteuid() == 0 && serve_user_find(&user, &ignored) &&
	    user.name == NULL;
}

/* Root may have used the directory before there was a service. */
static void
print_owner(const char *directory)
{
	if (!is_of_another_user(directory))
		return;
	printf("    chown -R relais:relais ");
	output_text(directory);
	putchar('\n');
}

/* README.md has the same commands. */
static void
print_start(const char *queue, const char *private_file)
{
	char	*logins = file_directory(token_file_system_directory());

	printf(private_file != NULL ?
	    "\nThe service is not running: only root can send mail, and "
	    "queued mail is not\ntried again. To start the service:\n" :
	    "\nThe service is not running: queued mail is not tried again. To "
	    "start it:\n");
	if (user_is_missing())
		printf("    useradd --system --user-group --no-create-home "
		    "--home-dir /var/spool/relais relais\n");
	if (private_file != NULL) {
		printf("    chgrp relais ");
		output_text(private_file);
		printf(" && chmod 640 ");
		output_text(private_file);
		putchar('\n');
	}
	print_owner(queue);
	print_owner(logins);
	free(logins);
	if (reload_has_systemd())
		printf("    systemd-tmpfiles --create relais.conf && "
		    "systemctl daemon-reload\n"
		    "    systemctl enable --now relais.socket "
		    "relais.service\n");
	else
		printf("    relais serve\n");
	putchar('\n');
}

void
setup_service(const struct config *config, const char *private_file)
{
	const char	*socket = config_text(config, NULL, KEY_SOCKET);
	struct failure	 what;

	if (strcmp(socket, "off") == 0)
		return;
	switch (reload_service(socket, &what)) {
	case RELOAD_DONE:
		printf("The service was asked to read the configuration "
		    "(%s).\n", what.text);
		break;
	case RELOAD_NO_SERVICE:
		print_start(config_text(config, NULL, KEY_QUEUE),
		    private_file);
		break;
	case RELOAD_FAILED:
		printf("The service uses the previous configuration until it "
		    "receives SIGHUP: ");
		output_text(what.text);
		putchar('\n');
		break;
	}
	fflush(stdout);
}
