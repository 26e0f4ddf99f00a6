/*
 * help_keys.h - relais help keys
 */
#ifndef CLI_HELP_KEYS_H
#define CLI_HELP_KEYS_H

/*
 * Prints the keys of relais.conf, each with the form of its value and its
 * default:
 *
 *	  tls_min              one of: 1.2 1.3; default: 1.2
 *
 * conf/completion/complete reads this.
 */
void	help_keys(void);

#endif
