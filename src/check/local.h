/*
 * local.h - the stages of relais check that concern only this machine
 */
#ifndef CHECK_LOCAL_H
#define CHECK_LOCAL_H

#include "check/check.h"
#include "util/sandbox.h"

/* CHECK_CONFIG: every setting with its origin, and the functions below. */
void	check_config(struct check *);

/*
 * Settings that contradict each other or have no effect together, and
 * smarthosts that cannot be used as they are written, except those that
 * config_check() has refused.
 */
void	check_contradictions(struct check *);

/* Sections, and settings in sections, that can never take effect. */
void	check_sections(struct check *);

/*
 * Cuts "; run: COMMANDS" off the text of a failure, and returns the part from
 * "run:".  Returns NULL if the text names no commands.
 */
const char *check_take_commands(char *text);

/* Programs that the configuration names but that do not exist. */
void	check_commands(struct check *);

/* A log that cannot be written as it is configured. */
void	check_log(struct check *);

/* CHECK_SECRETS: files with passwords and private keys, logins of token. */
void	check_secrets(struct check *);

/* CHECK_ALIASES: whether each alias, and root, has addresses. */
void	check_aliases(struct check *);

/* CHECK_SPOOL: the directory queue, and the messages in it. */
void	check_spool(struct check *);

/*
 * CHECK_SERVICE: whether the service accepts mail from this user.  A user who
 * cannot read the configuration or a secret depends on the service.
 */
void	check_service(struct check *);

/* The command that starts the service, as in README.md, or restarts it. */
const char *check_start_command(bool again);

/* CHECK_NAMES: the name in EHLO, and the sender of a program's mail. */
void	check_names(struct check *);

/* CHECK_PROGRAM: which program /usr/sbin/sendmail is. */
void	check_program(struct check *);

/*
 * CHECK_PROGRAM: the protections of the sandbox that this system has.
 * check_protections() determines them, and calls check_report_protections().
 */
void	check_protections(struct check *);
void	check_report_protections(struct check *, const struct sandbox_state *);

/*
 * Reports why util/trusted.h does not read a file, which is the object, with
 * the commands of its text as the remedy: CHECK_SKIPPED if only this user
 * cannot read it, and otherwise CHECK_FAIL.
 */
void	check_report_untrusted(struct check *, const struct check_finding *,
	    const struct failure *why);

/*
 * An address that matches the pattern of a section, for a subject that selects
 * the section.  The caller frees it.
 */
char	*check_matching_address(const char *pattern);

/*
 * Prepares a message from this user, as it would be sent.  Sets *sender and
 * *recipient, if they are NULL, to copies of its sender and first recipient,
 * which the caller frees.  They remain NULL if the message would be refused.
 */
void	check_find_paths(const struct check *, const char *to, char **sender,
	    char **recipient);

#endif
