/*
 * sandbox.h - give up what a client of a mail server has no use for
 *
 * From there on this process and its children start no program, gain no
 * privilege, trace nobody, load nothing into the kernel, and open for writing
 * what is in the folders named, and /dev/null, alone.  What is open stays
 * open; reading and connecting stay as they were: NSS modules, certificates
 * and tls.so are found as ever.  What is forbidden fails with EPERM or EACCES
 * and ends nobody.
 *
 * Linux alone has the means (no_new_privs, Landlock, a seccomp filter); what
 * its kernel lacks is left out, and elsewhere nothing is done.
 */
#ifndef UTIL_SANDBOX_H
#define UTIL_SANDBOX_H

/* writable: NULL at the end; a folder that can't be opened is not. */
void	sandbox_enter(const char *const *writable);

#endif
