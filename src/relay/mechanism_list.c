#include "relay/mechanism_list.h"

#include <string.h>
#include <strings.h>

bool
mechanism_list_has(const char *list, const char *mechanisms)
{
	while (*(list += strspn(list, " \t")) != '\0') {
		size_t		 len = strcspn(list, " \t");
		const char	*m = mechanisms;

		for (; *m != '\0'; m += strcspn(m, " "), m += *m == ' ')
			if (strcspn(m, " ") == len &&
			    strncasecmp(m, list, len) == 0)
				return true;
		list += len;
	}
	return false;
}
