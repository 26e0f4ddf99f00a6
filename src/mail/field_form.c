#include "mail/field_form.h"

#include <string.h>
#include <strings.h>

#include "mail/address.h"
#include "mail/domain.h"
#include "mail/encoded_word.h"
#include "mail/media_type.h"
#include "mail/refold.h"

enum {
	LONG_WORD = 900,	/* octets that no line has to hold */
};

enum kind { TEXT, ADDRESSES, PHRASES, PARAMETERS, OPAQUE };

/* What is not named here is text (RFC 5322 section 3.6.8). */
static const struct { const char *name; enum kind kind; } kinds[] = {
	{ "From", ADDRESSES }, { "Sender", ADDRESSES },
	{ "Reply-To", ADDRESSES }, { "To", ADDRESSES }, { "Cc", ADDRESSES },
	{ "Bcc", ADDRESSES }, { "Resent-From", ADDRESSES },
	{ "Resent-Sender", ADDRESSES }, { "Resent-To", ADDRESSES },
	{ "Resent-Cc", ADDRESSES }, { "Resent-Bcc", ADDRESSES },
	{ "Resent-Reply-To", ADDRESSES }, { "Errors-To", ADDRESSES },
	{ "Return-Receipt-To", ADDRESSES },
	{ "Disposition-Notification-To", ADDRESSES },
	{ "Mail-Followup-To", ADDRESSES }, { "Mail-Reply-To", ADDRESSES },
	{ "Keywords", PHRASES },
	{ "Content-Type", PARAMETERS }, { "Content-Disposition", PARAMETERS },
	{ "Date", OPAQUE }, { "Resent-Date", OPAQUE },
	{ "Message-ID", OPAQUE }, { "Resent-Message-ID", OPAQUE },
	{ "In-Reply-To", OPAQUE }, { "References", OPAQUE },
	{ "Received", OPAQUE }, { "Return-Path", OPAQUE },
	{ "MIME-Version", OPAQUE }, { "Content-Transfer-Encoding", OPAQUE },
	{ "Content-ID", OPAQUE }, { "DKIM-Signature", OPAQUE },
	{ "Authentication-Results", OPAQUE }, { "Received-SPF", OPAQUE },
	{ "List-Id", PHRASES }, { "List-Post", OPAQUE },
	{ "List-Help", OPAQUE }, { "List-Archive", OPAQUE },
	{ "List-Owner", OPAQUE }, { "List-Subscribe", OPAQUE },
	{ "List-Unsubscribe", OPAQUE }, { "List-Unsubscribe-Post", OPAQUE },
	{ "Autocrypt", OPAQUE }, { "ARC-Seal", OPAQUE },
	{ "ARC-Message-Signature", OPAQUE },
	{ "ARC-Authentication-Results", OPAQUE },
};

/* A field on its way from one form to the other. */
struct writer {
	struct buffer			 to;	/* unfolded */
	const struct field_form		*form;
	const char			*text;	/* the value, unfolded */
	size_t				 len;
	enum kind			 kind;
	struct address_list		 list;	/* of the addr-specs in it */
	size_t				 spec;	/* the next one */
	bool				 parsed;
	struct buffer			 phrase; /* words to be encoded */
	size_t				 blank;	/* behind them, from here on */
	bool				 encoded; /* the last word is so */
};

static enum kind
kind_of(const struct field *f)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (field_is(f, kinds[i].name))
			return kinds[i].kind;
	return TEXT;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
has_long_line(const struct field *f)
{
	const char	*at = f->text;
	const char	*end = f->text + f->len;

	while (at < end) {
		const char	*lf = memchr(at, '\n', (size_t)(end - at));

		if (lf == NULL || lf - at > REFOLD_LIMIT + 1)
			return true;
		at = lf + 1;
	}
	return false;
}

static bool
is_clear(const char *text, size_t len, const struct field_form *form)
{
	return text_is_ascii(text, len) ||
	    (form->utf8 && text_is_utf8(text, len));
}

bool
field_is_fit(const struct field *f, const struct field_form *form)
{
	return is_clear(f->text, f->len, form) &&
	    (f->len <= REFOLD_LIMIT + 2 || !has_long_line(f));
}

static bool
is_bad(const struct writer *w, const char *word, size_t len)
{
	return len > LONG_WORD || !is_clear(word, len, w->form);
}

static void
encode(struct writer *w, const char *text, size_t len)
{
	size_t	less = w->to.len < REFOLD_WIDTH ? w->to.len : 0;

	encoded_words_write(&w->to, text, len,
	    text_charset(text, len, w->form->charset), less);
}

static size_t
word_end(const char *text, size_t len, size_t i)
{
	while (i < len && !is_blank(text[i]))
		i++;
	return i;
}

static size_t
blank_end(const char *text, size_t len, size_t i)
{
	while (i < len && is_blank(text[i]))
		i++;
	return i;
}

/*
 * The end of the words from i on that go together: readers drop the blanks
 * between encoded words, so those have to be inside.
 */
static size_t
bad_words(const struct writer *w, size_t i)
{
	size_t	end = word_end(w->text, w->len, i);

	for (;;) {
		size_t	next = blank_end(w->text, w->len, end);
		size_t	next_end = word_end(w->text, w->len, next);

		if (next == next_end)
			return end;
		if (is_encoded_word(w->text + next, next_end - next))
			return next;
		if (!is_bad(w, w->text + next, next_end - next))
			return end;
		end = next_end;
	}
}

/* RFC 2047 section 5, rule 1. */
static void
write_text(struct writer *w)
{
	size_t	i = 0;

	while (i < w->len) {
		size_t	word = blank_end(w->text, w->len, i);
		size_t	end = word_end(w->text, w->len, word);

		if (!is_bad(w, w->text + word, end - word)) {
			buffer_add(&w->to, w->text + i, end - i);
			w->encoded = is_encoded_word(w->text + word,
			    end - word);
		} else {
			end = bad_words(w, word);
			if (w->encoded || word == i)
				buffer_add_byte(&w->to, ' ');
			else
				buffer_add(&w->to, w->text + i, word - i);
			if (!w->encoded)
				i = word;
			encode(w, w->text + i, end - i);
			w->encoded = true;
			if (end < w->len && !is_blank(w->text[end]))
				buffer_add_byte(&w->to, ' ');
		}
		i = end;
	}
}

/*
 * Structured fields
 */

/* Behind the comment, quoted string or literal that begins at i. */
static size_t
enclosed_end(const char *text, size_t len, size_t i)
{
	char		open = text[i];
	char		close = open == '(' ? ')' : open == '<' ? '>' : open;
	unsigned	depth = 1;

	for (i++; i < len && depth > 0; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		else if (text[i] == close)
			depth--;
		else if (text[i] == '(' && open == '(')
			depth++;
	}
	return i;
}

/* What is between the quotes, without the quoting. */
static void
add_unquoted(struct buffer *to, const char *text, size_t len)
{
	size_t	end = len > 1 ? len - 1 : len;

	for (size_t i = 1; i < end; i++) {
		if (text[i] == '\\' && i + 1 < end)
			i++;
		buffer_add_byte(to, text[i]);
	}
}

static void
separate(struct writer *w)
{
	if (w->to.len > 0 && !is_blank(w->to.data[w->to.len - 1]))
		buffer_add_byte(&w->to, ' ');
}

/* The words that were waiting, and the blanks behind them. */
static void
end_phrase(struct writer *w, size_t at)
{
	if (w->phrase.len == 0)
		return;
	separate(w);
	encode(w, w->phrase.data, w->phrase.len);
	buffer_clear(&w->phrase);
	if (at > w->blank)
		buffer_add(&w->to, w->text + w->blank, at - w->blank);
	else if (at < w->len && w->text[at] != ',')
		buffer_add_byte(&w->to, ' ');
}

static void
write_comment(struct writer *w, size_t i, size_t end)
{
	struct buffer	text = { 0 };

	end_phrase(w, i);
	w->encoded = false;
	if (!is_bad(w, w->text + i, end - i)) {
		buffer_add(&w->to, w->text + i, end - i);
		return;
	}
	add_unquoted(&text, w->text + i, end - i);
	buffer_add_byte(&w->to, '(');
	if (text.len > 0)
		encode(w, text.data, text.len);
	buffer_add_byte(&w->to, ')');
	buffer_free(&text);
}

/* A word of a phrase: an atom or a quoted string (RFC 2047 section 5, 3). */
static void
write_word(struct writer *w, size_t i, size_t end)
{
	const char	*word = w->text + i;
	bool		 quoted = word[0] == '"';
	bool		 encoded = !quoted && is_encoded_word(word, end - i);
	bool		 bad = is_bad(w, word, end - i);

	if (quoted && bad && is_clear(word, end - i, w->form) &&
	    memchr(word, ' ', end - i) != NULL)
		bad = false;		/* long, but with places to fold */
	if (w->phrase.len > 0 && (bad || encoded))
		buffer_add_byte(&w->phrase, ' ');
	else if (bad && w->encoded)
		buffer_add_byte(&w->phrase, ' ');
	if (!bad) {
		end_phrase(w, i);
		buffer_add(&w->to, word, end - i);
	} else if (quoted) {
		add_unquoted(&w->phrase, word, end - i);
	} else {
		buffer_add(&w->phrase, word, end - i);
	}
	w->blank = end;
	w->encoded = bad || encoded;
}

/* Its domain as an A-label; else as it stands, comments in it and all. */
static void
write_spec(struct writer *w, const struct address *a)
{
	struct address	ascii = *a;
	struct buffer	domain = { 0 };
	struct failure	ignored;

	end_phrase(w, a->start);
	w->encoded = false;
	if (!is_clear(w->text + a->start, a->end - a->start, w->form) &&
	    domain_to_ascii(&domain, a->domain, &ignored)) {
		ascii.domain = domain.data != NULL ? domain.data : a->domain;
		address_write(&w->to, &ascii);
	} else {
		buffer_add(&w->to, w->text + a->start, a->end - a->start);
	}
	buffer_free(&domain);
}

/* An atom, which ends at white space, at a special, at an addr-spec. */
static size_t
atom_end(const struct writer *w, size_t i)
{
	size_t	end = w->spec < w->list.n ? w->list.address[w->spec].start :
		    w->len;

	for (i++; i < end; i++)
		if (is_blank(w->text[i]) ||
		    strchr("\"(),:;<>", w->text[i]) != NULL)
			break;
	return i;
}

/* Whatever is no word: copied. */
static size_t
write_special(struct writer *w, size_t i, size_t end)
{
	end_phrase(w, i);
	w->encoded = false;
	buffer_add(&w->to, w->text + i, end - i);
	return end;
}

static size_t
write_atom(struct writer *w, size_t i)
{
	size_t	end = atom_end(w, i);
	bool	address = !w->parsed && memchr(w->text + i, '@', end - i);

	if (w->kind == OPAQUE || address)
		return write_special(w, i, end);
	write_word(w, i, end);
	return end;
}

static size_t
write_token(struct writer *w, size_t i)
{
	const char	*text = w->text;
	size_t		 end;

	if (w->spec < w->list.n && w->list.address[w->spec].start == i) {
		write_spec(w, &w->list.address[w->spec]);
		return w->list.address[w->spec++].end;
	}
	switch (text[i]) {
	case ' ':
	case '\t':
		end = blank_end(text, w->len, i);
		if (w->phrase.len == 0)
			buffer_add(&w->to, text + i, end - i);
		else
			w->blank = i;
		return end;
	case '(':
		end = enclosed_end(text, w->len, i);
		write_comment(w, i, end);
		return end;
	case '"':
		end = enclosed_end(text, w->len, i);
		if (w->kind == OPAQUE)
			return write_special(w, i, end);
		write_word(w, i, end);
		return end;
	case '<':
		if (w->parsed)
			return write_special(w, i, i + 1);
		return write_special(w, i, enclosed_end(text, w->len, i));
	case ')':
	case ',':
	case ':':
	case ';':
	case '>':
		return write_special(w, i, i + 1);
	default:
		return write_atom(w, i);
	}
}

static void
write_structured(struct writer *w)
{
	struct failure	ignored;
	size_t		i = 0;

	if (w->kind == ADDRESSES)
		w->parsed = address_list_parse(&w->list, w->text, w->len,
		    ADDRESS_HEADER, &ignored);
	while (i < w->len)
		i = write_token(w, i);
	end_phrase(w, i);
	address_list_free(&w->list);
	buffer_free(&w->phrase);
}

/* The value on one line; folds are white space. */
static void
unfold(struct buffer *to, const char *value, size_t len)
{
	char	*out = buffer_room(to, len);
	size_t	 n = 0;

	for (size_t i = 0; i < len; i++)
		if (value[i] != '\r' && value[i] != '\n')
			out[n++] = value[i];
	out[n] = '\0';
	to->len += n;
}

static void
write_value(struct writer *w)
{
	switch (w->kind) {
	case TEXT:
		write_text(w);
		break;
	case ADDRESSES:
	case PHRASES:
	case OPAQUE:
		write_structured(w);
		break;
	case PARAMETERS:
		parameters_write(&w->to, w->text, w->len, w->form->charset);
		break;
	}
}

bool
field_write(struct buffer *to, const struct field *f,
    const struct field_form *form)
{
	struct writer	 w = { .form = form, .kind = kind_of(f) };
	struct buffer	 text = { 0 };
	const char	*value;
	size_t		 len;
	bool		 good;

	if (field_is_fit(f, form)) {
		buffer_add(to, f->text, f->len);
		return true;
	}
	value = field_value(f, &len);
	unfold(&text, value, len);
	w.text = text.data;
	w.len = text.len;
	buffer_add(&w.to, f->text, (size_t)(value - f->text));
	write_value(&w);
	good = refold(to, w.to.data, w.to.len, w.kind == ADDRESSES) &&
	    is_clear(w.to.data, w.to.len, form);
	buffer_free(&text);
	buffer_free(&w.to);
	return good;
}

static bool
list_needs_utf8(const struct field *f)
{
	struct address_list	 list = { 0 };
	struct failure		 ignored;
	size_t			 len;
	const char		*value = field_value(f, &len);
	bool			 needs = false;

	if (address_list_parse(&list, value, len, ADDRESS_HEADER, &ignored))
		for (size_t i = 0; i < list.n; i++) {
			const char	*local = list.address[i].local;

			needs |= !text_is_ascii(local, strlen(local));
		}
	address_list_free(&list);
	return needs;
}

bool
header_needs_utf8(const struct header *h)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct field	*f = &h->field[i];

		if (!text_is_ascii(f->text, f->len) &&
		    kind_of(f) == ADDRESSES && list_needs_utf8(f))
			return true;
	}
	return false;
}
