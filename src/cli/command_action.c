#include "cli/command_action.h"

#include <signal.h>

#include "cli/check_command.h"
#include "cli/commands.h"
#include "cli/import_command.h"
#include "cli/login_command.h"
#include "cli/print_config.h"
#include "cli/queue_commands.h"
#include "cli/route_command.h"
#include "cli/serve_command.h"
#include "cli/setup_command.h"
#include "cli/test_command.h"
#include "cli/token_command.h"

static const struct action actions[] = {
	[MODE_TIMER]	 = { serve_command_timer, true, false, true },
	[MODE_COMMANDS]	 = { commands_help, false, false, false },
	[MODE_CHECK]	 = { check_command, false, false, false },
	[MODE_CONFIG]	 = { print_config, true, false, false },
	[MODE_IMPORT]	 = { import_command, false, false, false },
	[MODE_LOGIN]	 = { login_command, true, false, true },
	[MODE_QUEUE]	 = { queue_commands_run, true, false, true },
	[MODE_ROUTE]	 = { route_command, true, false, false },
	[MODE_SERVE]	 = { serve_command, true, false, false },
	[MODE_SETUP]	 = { setup_command, false, false, false },
	[MODE_TEST]	 = { test_command, false, false, false },
	[MODE_TOKEN]	 = { token_command, true, false, true },
};

const struct action *
command_action(enum mode mode, char **argv, struct failure *why)
{
	(void)argv, (void)why;
	/*
	 * The commands wait for processes.  If SIGCHLD is ignored, which is
	 * inherited, their status is lost.
	 */
	signal(SIGCHLD, SIG_DFL);
	return &actions[mode];
}
