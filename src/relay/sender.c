#include "relay/sender.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/address.h"
#include "mail/rewrite.h"
#include "util/buffer.h"
#include "util/memory.h"

void
sender_begin(struct sender *s, const struct config *config,
    const struct config_subject *subject, const struct directory *directory)
{
	const char	*mode = config_text(config, subject, KEY_FROM_MODE);

	*s = (struct sender){
		.directory = directory,
		.mode = strcmp(mode, "always") == 0 ? FROM_ALWAYS :
		    strcmp(mode, "never") == 0 ? FROM_NEVER : FROM_LOCAL,
		.from = config_text(config, subject, KEY_FROM),
	};
}

/* What stands in for a sender; false where it stays as it is. */
static bool
replace(const struct sender *s, const struct address *a, struct buffer *to)
{
	bool	local = directory_is_local(s->directory, a);

	if (s->from != NULL && (s->mode == FROM_ALWAYS ||
	    (s->mode == FROM_LOCAL && local))) {
		buffer_add_text(to, s->from);
		return true;
	}
	if (s->mode == FROM_NEVER ? !address_is_bare(a) : !local)
		return false;
	directory_write(s->directory, a, to);
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
	directory_write(s->directory, &a, &path);
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

char *
sender_of_notice(const struct config *config, const struct identity *me)
{
	struct config_subject	nobody = { .from = "", .user = me->user };
	struct directory	directory;
	struct sender		s;
	char			*address;

	directory_begin(&directory, config, me);
	sender_begin(&s, config, &nobody, &directory);
	address = sender_of_field(&s, "");
	directory_end(&directory);
	return address;
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

/* An empty one, as some callers write; what can't be read is no such. */
static bool
names_nobody(const struct field *f, const void *context)
{
	struct address_list	list = { 0 };
	bool			nobody;

	(void)context;
	nobody = names_a_sender(f) && field_addresses(f, &list) &&
	    list.n == 0;
	address_list_free(&list);
	return nobody;
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
		name = readable ? list.address[0].name : "";
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

	field_addresses(f, &list);
	for (size_t i = 0; i < list.n; i++) {
		const struct address	*a = &list.address[i];

		buffer_clear(&path);
		address_write(&path, a);
		if (directory_is_local(s->directory, a) ||
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
