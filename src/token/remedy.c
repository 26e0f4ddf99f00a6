#include "token/remedy.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* Microsoft documents its codes in "Microsoft Entra error codes". */
static const struct {
	const char	*code;
	const char	*words;
} remedies[] = {
	{ "AADSTS7000218", "allow public client flows in the registration of "
	    "the application, under Authentication, or add its "
	    "client secret with --client-secret-file" },
	{ "AADSTS7000215", "give the value of the client secret, not its ID" },
	{ "AADSTS7000222", "create a new client secret for the application" },
	{ "AADSTS700027", "upload the certificate to the registration of the "
	    "application" },
	{ "AADSTS700016", "check the client ID, and give the directory of the "
	    "application with --tenant" },
	{ "AADSTS50194", "the application belongs to one directory: give it "
	    "with --tenant" },
	{ "AADSTS90002", "check --tenant" },
	{ "AADSTS65001", "an administrator must consent to the permissions of "
	    "the application" },
	{ "AADSTS53003", "a Conditional Access policy blocks this login; if it "
	    "blocks device codes, use --browser" },
	{ "AADSTS700082", "the login was not used for too long" },
	{ "AADSTS50173", "the password of the account was changed" },
};

void
remedy_add(struct failure *why, const char *text)
{
	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++) {
		const char	*code = remedies[i].code;
		const char	*found = strstr(text, code);

		if (found != NULL &&
		    !isdigit((unsigned char)found[strlen(code)])) {
			failure_suffix(why, "; %s", remedies[i].words);
			return;
		}
	}
}
