#include "submit/sender.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/address.h"
#include "mail/encoded_word.h"
#include "mail/rewrite.h"
#include "util/buffer.h"
#include "util/memory.h"

void
sender_begin(struct sender *s, const struct config *config,
    const struct config_subject *subject, const struct local_names *directory)
{
	const char	*mode = config_text(config, subject, KEY_FROM_MODE);

	*s = (struct sender){
		.local_names = directory,
		.mode = strcmp(mode, "always") == 0 ? FROM_ALWAYS :
		    strcmp(mode, "never") == 0 ? FROM_NEVER : FROM_LOCAL,
		.from = config_text(config, subject, KEY_FROM),
	};
}

/* What stands in for a sender; false where it stays as it is. */
static bool
replace(const struct sender *s, const struct address *a, struct buffer *to)
{
	bool	local = local_names_is_local(s->local_names, a);

	if (s->from != NULL && (s->mode == FROM_ALWAYS ||
	    (s->mode == FROM_LOCAL && local))) {
		buffer_add_text(to, s->from);
		return true;
	}
	if (s->mode == FROM_NEVER ? !address_is_bare(a) : !local)
		return false;
	local_names_write(s->local_names, a, to);
	return true;
}

static bool
replace_in_field(void *context, const struct address *a, struct buffer *to)
{
	const struct sender	*s = context;

	return replace(s, a, to);
}

static char *
own_path(const struct sender *s, const char *user)
{
	struct buffer	path = { 0 };
	char		local[256];
	char		domain[] = "";
	struct address	a = { .local = local, .domain = domain };

	if (s->from != NULL)
		return memory_copy(s->from);
	strlcpy(local, user, sizeof(local));
	local_names_write(s->local_names, &a, &path);
	return buffer_take(&path);
}

char *
sender_path(const struct sender *s, const char *said, const char *user)
{
	struct buffer	path = { 0 };
	struct address	a;
	struct failure	ignored;

	if (said == NULL)
		return own_path(s, user);
	/* It came from address_write(), so it is one. */
	if (said[0] == '\0' ||
	    !address_parse_path(&a, said, strlen(said), &ignored))
		return memory_copy("");
	if (!replace(s, &a, &path))
		buffer_add_text(&path, said);
	address_free(&a);
	return buffer_take(&path);
}

char *
sender_of_field(const struct sender *s, const char *reverse_path)
{
	struct buffer	path = { 0 };
	char		local[] = "MAILER-DAEMON";
	char		domain[] = "";
	struct address	a = { .local = local, .domain = domain };

	if (reverse_path[0] != '\0')
		return memory_copy(reverse_path);
	replace(s, &a, &path);
	return buffer_take(&path);
}

/*
 * The fields
 */

static bool
names_a_sender(const struct field *f)
{
	static const char *const	names[] = { "From", "Sender",
		"Resent-From", "Resent-Sender" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (field_is(f, names[i]))
			return true;
	return false;
}

/* An empty one, as some callers write.  A group is not empty (RFC 6854). */
static bool
names_nobody(const struct field *f, const void *context)
{
	size_t		 len;
	const char	*value = field_value(f, &len);

	(void)context;
	return names_a_sender(f) && address_list_is_empty(value, len);
}

struct seen {
	bool	*from;
	bool	*sender;
};

/* There may be one From and one Sender (RFC 5322 section 3.6). */
static bool
is_repeated(const struct field *f, const void *context)
{
	const struct seen	*seen = context;
	bool			*before = field_is(f, "From") ? seen->from :
				    field_is(f, "Sender") ? seen->sender :
				    NULL;
	bool			 repeated = before != NULL && *before;

	if (before != NULL)
		*before = true;
	return repeated;
}

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Words in quotes, without the quotes and backslashes that are in them. */
static void
add_quoted(struct buffer *phrase, const char *text, size_t len)
{
	while (len > 0 && is_white(*text))
		text++, len--;
	while (len > 0 && is_white(text[len - 1]))
		len--;
	if (len == 0)
		return;
	buffer_add_text(phrase, phrase->len > 0 ? " \"" : "\"");
	for (; len > 0; text++, len--)
		if (strchr("\"\\\r\n", *text) == NULL)
			buffer_add_byte(phrase, *text);
	buffer_add_byte(phrase, '"');
}

/* An encoded word as it may stand in a phrase (RFC 2047 section 5). */
static bool
is_atom(const char *word, size_t len)
{
	while (len > 0 && (isalnum((unsigned char)*word) ||
	    (*word != '\0' && strchr("=?!*+-/_.'", *word) != NULL)))
		word++, len--;
	return len == 0;
}

/*
 * Text that has no form as a phrase, as one: in quotes, but for its encoded
 * words.  8-bit text stays: its charset is found later.
 */
static char *
phrase_of(const char *text, size_t len)
{
	struct buffer		phrase = { 0 };
	struct mixed_text	piece;
	size_t			at = 0;

	while (mixed_text_next(&piece, text, len, &at)) {
		const char	*word = text + at - piece.word.len;

		add_quoted(&phrase, piece.text, piece.len);
		if (!is_atom(word, piece.word.len)) {
			add_quoted(&phrase, word, piece.word.len);
		} else if (piece.word.len > 0) {
			buffer_add_text(&phrase, phrase.len > 0 ? " " : "");
			buffer_add(&phrase, word, piece.word.len);
		}
	}
	return buffer_take(&phrase);
}

/*
 * What a reader sees in a field without an address that can be parsed: the
 * text before the last "<addr>" is a name, and so is all of it if there is no
 * '@' in it.  The address may be missing: two empty parts.
 */
static void
guess_sender(const char *value, size_t len, struct address *a)
{
	const char	*open = memrchr(value, '<', len);
	size_t		 name = 0, start, end;
	struct failure	 ignored;

	if (open != NULL)
		name = (size_t)(open - value);
	else if (memchr(value, '@', len) == NULL)
		name = strcspn(value, ":");	/* of a group */
	start = open != NULL ? name + 1 : len;
	while (start < len && is_white(value[start]))
		start++;
	for (end = start; end < len && value[end] != '>'; end++)
		continue;
	while (end > start && is_white(value[end - 1]))
		end--;
	if (!address_parse_path(a, value + start, end - start, &ignored))
		address_parse_path(a, "", 0, &ignored);
	free(a->name);
	a->name = phrase_of(value, name < len ? name : len);
}

/* All who are named as senders, at least one. */
static void
named_senders(const struct field *f, struct address_list *list)
{
	struct address_faults	 faults = { 0 };
	size_t			 len;
	const char		*value = field_value(f, &len);
	struct failure		 ignored;

	address_list_sift(list, &faults, value, len, &ignored);
	address_faults_free(&faults);
	if (list->n > 0)
		return;
	list->address = memory_room(list->address, list->n, &list->cap,
	    sizeof(*list->address));
	guess_sender(value, len, &list->address[list->n++]);
}

/* The field holds one mailbox, whatever was in it; the name is kept. */
static void
force(struct sender *s, struct field *f)
{
	struct address_list	list = { 0 };
	struct buffer		text = { 0 };
	bool			readable = field_addresses(f, &list);
	const char		*name;
	size_t			len;

	if (readable && list.n == 1) {
		field_rewrite(f, replace_in_field, s);
	} else {
		address_list_free(&list);
		named_senders(f, &list);
		name = list.address[0].name;
		buffer_add(&text, f->text, f->name_len);
		buffer_addf(&text, ": %s%s<%s>\r\n", name,
		    name[0] != '\0' ? " " : "", s->from);
		len = text.len;
		field_replace(f, buffer_take(&text), len);
	}
	address_list_free(&list);
}

/* The foreign ones among the addresses that from is about to replace. */
static void
former_senders(const struct sender *s, const struct field *f,
    struct buffer *to)
{
	struct address_list	list = { 0 };
	struct buffer		path = { 0 };

	named_senders(f, &list);
	for (size_t i = 0; i < list.n; i++) {
		const struct address	*a = &list.address[i];

		buffer_clear(&path);
		address_write(&path, a);
		if (path.len == 0 || local_names_is_local(s->local_names, a) ||
		    strcasecmp(path.data, s->from) == 0)
			continue;
		buffer_add_text(to, to->len > 0 ? ",\r\n " : "");
		buffer_addf(to, a->name[0] != '\0' ? "%s <%s>" : "%s%s",
		    a->name, path.data);
	}
	buffer_free(&path);
	address_list_free(&list);
}

/* Answers go to whom they went to before. */
static void
save_in_reply_to(const struct sender *s, struct header *h)
{
	const struct field	*from = header_find(h, "From", 0);
	struct buffer		 value = { 0 };

	if (from == NULL || header_find(h, "Reply-To", 0) != NULL)
		return;
	former_senders(s, from, &value);
	if (value.len > 0)
		header_addf(h, "Reply-To", "%s", value.data);
	buffer_free(&value);
}

static void
force_all(struct sender *s, struct header *h)
{
	bool		from = false, sender = false;
	struct seen	seen = { &from, &sender };

	save_in_reply_to(s, h);
	header_remove_if(h, is_repeated, &seen);
	for (size_t i = 0; i < h->n; i++)
		if (names_a_sender(&h->field[i]))
			force(s, &h->field[i]);
}

void
sender_fields(struct sender *s, struct header *h)
{
	header_remove_if(h, names_nobody, NULL);
	if (s->mode == FROM_ALWAYS && s->from != NULL) {
		force_all(s, h);
		return;
	}
	for (size_t i = 0; i < h->n; i++)
		if (names_a_sender(&h->field[i]))
			field_rewrite(&h->field[i], replace_in_field, s);
}
