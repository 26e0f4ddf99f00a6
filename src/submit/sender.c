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
    const struct config_subject *subject, const struct local_names *local_names)
{
	const char	*mode = config_text(config, subject, KEY_FROM_MODE);

	*s = (struct sender){
		.local_names = local_names,
		.mode = strcmp(mode, "always") == 0 ? FROM_ALWAYS :
		    strcmp(mode, "never") == 0 ? FROM_NEVER : FROM_LOCAL,
		.from = config_text(config, subject, KEY_FROM),
	};
}

/* Appends the replacement unless the result is SENDER_UNCHANGED. */
static enum sender_rule
replace_sender(const struct sender *s, const struct address *a,
    struct buffer *to)
{
	bool	local = local_names_is_local(s->local_names, a);

	if (s->from != NULL && (s->mode == FROM_ALWAYS ||
	    (s->mode == FROM_LOCAL && local))) {
		buffer_add_text(to, s->from);
		return SENDER_FROM;
	}
	if (s->mode == FROM_NEVER ? !address_is_bare(a) : !local)
		return SENDER_UNCHANGED;
	local_names_write(s->local_names, a, to);
	return SENDER_DOMAIN;
}

static bool
replace_in_field(void *context, const struct address *a, struct buffer *to)
{
	struct sender	*s = context;

	s->field_rule = replace_sender(s, a, to);
	return s->field_rule != SENDER_UNCHANGED;
}

char *
sender_path(struct sender *s, const char *given, const char *user)
{
	struct buffer	path = { 0 };
	char		local[256], domain[] = "";
	struct address	a;
	struct failure	ignored;

	s->path_rule = given == NULL ? SENDER_USER : SENDER_UNCHANGED;
	if (given == NULL && s->from != NULL) {
		s->path_rule = SENDER_FROM;
		return memory_copy(s->from);
	}
	if (given == NULL && strchr(user, '@') != NULL &&
	    address_parse_path(&a, user, strlen(user), &ignored)) {
		s->path_rule = SENDER_USER_NAME;
		address_write(&path, &a);
		address_free(&a);
		return buffer_take(&path);
	}
	if (given == NULL) {
		a = (struct address){ .local = local, .domain = domain };
		strlcpy(local, user, sizeof(local));
		local_names_write(s->local_names, &a, &path);
		return buffer_take(&path);
	}
	/* address_write() wrote the path, so it can be parsed. */
	if (given[0] == '\0' ||
	    !address_parse_path(&a, given, strlen(given), &ignored))
		return memory_copy("");
	s->path_rule = replace_sender(s, &a, &path);
	if (s->path_rule == SENDER_UNCHANGED)
		buffer_add_text(&path, given);
	address_free(&a);
	return buffer_take(&path);
}

char *
sender_of_field(struct sender *s, const char *reverse_path)
{
	struct buffer	path = { 0 };
	char		local[] = "MAILER-DAEMON";
	char		domain[] = "";
	struct address	a = { .local = local, .domain = domain };

	s->added_rule = s->path_rule;
	if (reverse_path[0] != '\0')
		return memory_copy(reverse_path);
	s->added_rule = replace_sender(s, &a, &path);
	return buffer_take(&path);
}

/*
 * Header fields
 */

static bool
is_sender_field(const struct field *f)
{
	static const char *const	names[] = { "From", "Sender",
		"Resent-From", "Resent-Sender" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (field_is(f, names[i]))
			return true;
	return false;
}

/* Some programs write empty fields.  A group is not empty (RFC 6854). */
static bool
is_empty_sender_field(const struct field *f, const void *context)
{
	size_t		 len;
	const char	*value = field_value(f, &len);

	(void)context;
	return is_sender_field(f) && address_list_is_empty(value, len);
}

struct seen_fields {
	bool	*from;
	bool	*sender;
};

/* Whether a field is a second From or Sender (RFC 5322 section 3.6). */
static bool
is_repeated(const struct field *f, const void *context)
{
	const struct seen_fields	*seen = context;
	bool	*before = field_is(f, "From") ? seen->from :
		    field_is(f, "Sender") ? seen->sender : NULL;
	bool	 repeated = before != NULL && *before;

	if (before != NULL)
		*before = true;
	return repeated;
}

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Appends text as a quoted string, without its own quotes and backslashes. */
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

/* Whether an encoded word is valid in a phrase (RFC 2047 section 5). */
static bool
is_valid_in_phrase(const char *word, size_t len)
{
	while (len > 0 && (isalnum((unsigned char)*word) ||
	    (*word != '\0' && strchr("=?!*+-/_.'", *word) != NULL)))
		word++, len--;
	return len == 0;
}

/*
 * Turns text into a valid phrase: encoded words stay, other text is quoted.
 * 8-bit text stays in it: its charset is determined later.
 */
static char *
make_phrase(const char *text, size_t len)
{
	struct buffer		phrase = { 0 };
	struct mixed_text	piece;
	size_t			at = 0;

	while (mixed_text_next(&piece, text, len, &at)) {
		const char	*word = text + at - piece.word.len;

		add_quoted(&phrase, piece.text, piece.len);
		if (!is_valid_in_phrase(word, piece.word.len)) {
			add_quoted(&phrase, word, piece.word.len);
		} else if (piece.word.len > 0) {
			buffer_add_text(&phrase, phrase.len > 0 ? " " : "");
			buffer_add(&phrase, word, piece.word.len);
		}
	}
	return buffer_take(&phrase);
}

/*
 * Finds the display name and the address in a field that cannot be parsed.
 * The name is the text before the last '<' or, without an '@', the whole text.
 * If no address is found, both of its parts are empty.
 */
static void
guess_sender(const char *value, size_t len, struct address *a)
{
	const char	*open = memrchr(value, '<', len);
	size_t		 name = 0, start, end;
	struct address	 found;
	struct failure	 ignored;
	char		*phrase;

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
	if (!address_parse_path(&found, value + start, end - start, &ignored))
		address_parse_path(&found, "", 0, &ignored);
	phrase = make_phrase(value, name < len ? name : len);
	address_make(a, found.local, found.domain, phrase);
	address_free(&found);
	free(phrase);
}

/* Appends the addresses in a sender field, at least one. */
static void
list_senders(const struct field *f, struct address_list *list)
{
	struct address_faults	 faults = { 0 };
	size_t			 len;
	const char		*value = field_value(f, &len);
	struct failure		 ignored;

	address_list_parse_lenient(list, &faults, value, len, &ignored);
	address_faults_free(&faults);
	if (list->n > 0)
		return;
	list->address = memory_room(list->address, list->n, &list->cap,
	    sizeof(*list->address));
	guess_sender(value, len, &list->address[list->n++]);
}

/* Replaces all mailboxes of a field with from; the first name is kept. */
static void
set_from(struct sender *s, struct field *f)
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
		list_senders(f, &list);
		name = list.address[0].name;
		buffer_add(&text, f->text, f->name_len);
		buffer_addf(&text, ": %s%s<%s>\r\n", name,
		    name[0] != '\0' ? " " : "", s->from);
		len = text.len;
		field_replace(f, buffer_take(&text), len);
		s->field_rule = SENDER_FROM;
	}
	address_list_free(&list);
}

/* Appends the senders on other machines, before from replaces them. */
static void
list_replaced(const struct sender *s, const struct field *f,
    struct buffer *to)
{
	struct address_list	list = { 0 };
	struct buffer		path = { 0 };

	list_senders(f, &list);
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

/* Makes replies go to the author, whose address from will replace. */
static void
add_reply_to(const struct sender *s, struct header *h)
{
	const struct field	*from = header_find(h, "From", 0);
	struct buffer		 value = { 0 };

	if (from == NULL || header_find(h, "Reply-To", 0) != NULL)
		return;
	list_replaced(s, from, &value);
	if (value.len > 0)
		header_addf(h, "Reply-To", "%s", value.data);
	buffer_free(&value);
}

void
sender_fields(struct sender *s, struct header *h)
{
	bool			always = s->mode == FROM_ALWAYS &&
				    s->from != NULL;
	bool			from = false, sender = false;
	struct seen_fields	seen = { &from, &sender };

	header_remove_if(h, is_empty_sender_field, NULL);
	if (always) {
		add_reply_to(s, h);
		header_remove_if(h, is_repeated, &seen);
	}
	for (size_t i = 0; i < h->n; i++)
		if (is_sender_field(&h->field[i]) && always)
			set_from(s, &h->field[i]);
		else if (is_sender_field(&h->field[i]))
			field_rewrite(&h->field[i], replace_in_field, s);
}
