/*
 * browser.h - open an address in the browser of this desktop session
 */
#ifndef TOKEN_BROWSER_H
#define TOKEN_BROWSER_H

#include <stdbool.h>

/*
 * Whether DISPLAY or WAYLAND_DISPLAY is set, this is not an SSH session, and
 * there is a program to run: that in BROWSER or, unless the user is root,
 * xdg-open.
 */
bool	browser_is_available(void);

/*
 * Starts the program, without a shell, and does not wait for it.  False if it
 * cannot be started.
 */
bool	browser_open(const char *url);

#endif
