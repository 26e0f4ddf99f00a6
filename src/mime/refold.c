#include "mime/refold.h"

#include <string.h>

#include "util/text.h"

struct folder {
	struct buffer	*to;
	const char	*text;
	size_t		 len;
	size_t		 line;		/* beginning of the current line */
	size_t		 place;		/* of the last possible fold; 0: none */
	size_t		 first;		/* after the colon: last resort */
	enum refold_place places;
	bool		 quoted;
	bool		 angle;		/* between < and > */
	unsigned	 comments;	/* nested */
	bool		 good;
};

/* A fold after a comma or between message ids adds a blank. */
static void
write_folded_line(struct folder *f, size_t end)
{
	size_t	width = end - f->line;

	if (f->line > 0 && !text_is_blank(f->text[f->line])) {
		buffer_add_byte(f->to, ' ');
		width++;
	}
	buffer_add(f->to, f->text + f->line, end - f->line);
	buffer_add(f->to, "\r\n", 2);
	f->good &= width <= REFOLD_LIMIT;
	f->line = end;
	f->place = 0;
}

/* The line can be folded at this place; if it is too long, it is folded. */
static void
offer_fold(struct folder *f, size_t at)
{
	if (at - f->line > REFOLD_WIDTH && f->place > 0)
		write_folded_line(f, f->place);
	else if (at - f->line > REFOLD_LIMIT && f->first > f->line)
		write_folded_line(f, f->first);
	f->place = at;
}

/* Notes whether the text after the character at i is in quotes or comments. */
static void
track_quoting(struct folder *f, size_t *i)
{
	bool	in_path = f->angle && f->places != REFOLD_ADDRESSES;

	switch (f->text[*i]) {
	case '\\':
		if ((f->quoted || f->comments > 0) && *i + 1 < f->len &&
		    !text_is_blank(f->text[*i + 1]))
			++*i;
		break;
	case '"':
		f->quoted ^= f->comments == 0 && !in_path;
		break;
	case '(':
		f->comments += !f->quoted && !in_path;
		break;
	case ')':
		f->comments -= !f->quoted && f->comments > 0;
		break;
	case '<':
		f->angle |= !f->quoted && f->comments == 0;
		break;
	case '>':
		f->angle &= f->quoted || f->comments > 0;
		break;
	}
}

/* Whether white space can be added before the character at i. */
static bool
may_add_blank(const struct folder *f, size_t i)
{
	const char	*at = f->text + i;

	if (f->quoted || f->comments > 0)
		return false;
	switch (f->places) {
	case REFOLD_BLANKS:
		break;
	case REFOLD_ADDRESSES:
		return at[-1] == ',';
	case REFOLD_URLS:
		return at[-1] == ',' && !f->angle;
	case REFOLD_IDS:
		return at[-1] == '>' && at[0] == '<';
	}
	return false;
}

bool
refold(struct buffer *to, const char *field, size_t len,
    enum refold_place places)
{
	struct folder	f = { .to = to, .text = field, .len = len,
			    .places = places, .good = true };
	const char	*colon = memchr(field, ':', len);
	size_t		 start = colon != NULL ?
			    (size_t)(colon - field) + 1 : 0;

	while (f.len > start && text_is_blank(field[f.len - 1]))
		f.len--;
	if (start < f.len && text_is_blank(field[start]))
		f.first = start;
	while (start < f.len && text_is_blank(field[start]))
		start++;
	for (size_t i = start; i < f.len; i++) {
		if (text_is_blank(field[i])) {
			if (!text_is_blank(field[i - 1]))
				offer_fold(&f, i);
			continue;
		}
		if (i > start && may_add_blank(&f, i))
			offer_fold(&f, i);
		track_quoting(&f, &i);
	}
	offer_fold(&f, f.len);
	write_folded_line(&f, f.len);
	return f.good;
}
