#include "relay/mechanism_list.h"

#include "util/text.h"

bool
mechanism_list_has(const char *list, const char *mechanisms)
{
	const char	*name;
	size_t		 len;

	while ((name = text_next_word(&list, &len)) != NULL)
		if (text_has_word(mechanisms, name, len))
			return true;
	return false;
}
