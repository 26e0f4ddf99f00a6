/*
 * sendmail.h - what runs under each of the names that we are called by
 *
 * Each takes the program's arguments and returns its exit status, with all
 * output flushed.
 */
#ifndef CLI_SENDMAIL_H
#define CLI_SENDMAIL_H

int	cli_sendmail(int argc, char **argv);	/* sendmail, send-mail */
int	cli_mailq(int argc, char **argv);
int	cli_newaliases(int argc, char **argv);
int	cli_relais(int argc, char **argv);	/* the administrator's name */
int	cli_nothing(int argc, char **argv);	/* hoststat, purgestat */
int	cli_smtpd(int argc, char **argv);	/* refused */

#endif
