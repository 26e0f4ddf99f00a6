#include "mime/field_form.h"

#include <string.h>
#include <strings.h>

#include "mail/address.h"
#include "mail/charset.h"
#include "mail/domain.h"
#include "mail/encoded_word.h"
#include "mime/media_type.h"
#include "mime/refold.h"
#include "util/json.h"
#include "util/text.h"

enum {
	LONG_WORD = 900,	/* an encoded word that is longer is split */
};

enum kind {
	UNNAMED,		/* text, or data of some program */
	TEXT,
	ADDRESSES,
	PHRASES,
	PARAMETERS,
	IDS,			/* message ids */
	URLS,
	OPAQUE,
};

static const struct { const char *name; enum kind kind; } kinds[] = {
	{ "Subject", TEXT }, { "Comments", TEXT },
	{ "Content-Description", TEXT },
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
	{ "Message-ID", IDS }, { "Resent-Message-ID", IDS },
	{ "In-Reply-To", IDS }, { "References", IDS },
	{ "Received", OPAQUE }, { "Return-Path", OPAQUE },
	{ "MIME-Version", OPAQUE }, { "Content-Transfer-Encoding", OPAQUE },
	{ "Content-ID", OPAQUE }, { "DKIM-Signature", OPAQUE },
	{ "Authentication-Results", OPAQUE }, { "Received-SPF", OPAQUE },
	{ "List-Id", PHRASES }, { "List-Post", URLS }, { "List-Help", URLS },
	{ "List-Archive", URLS }, { "List-Owner", URLS },
	{ "List-Subscribe", URLS }, { "List-Unsubscribe", URLS },
	{ "List-Unsubscribe-Post", OPAQUE },
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
	bool				 is_signed; /* domains have to stay */
	bool				 needs_utf8; /* an address or message id
						 * that is not ASCII stays */
	struct address_list		 list;	/* of the addr-specs in it */
	size_t				 spec;	/* the next one */
	bool				 parsed;
	struct buffer			 waiting; /* text to be encoded */
	bool				 encoded; /* after an encoded word */
	bool				 open;	/* after a word of a phrase that
						 * was written anew; */
	size_t				 blank;	/* its blanks, from here on,
						 * were not */
};

static enum kind
kind_of(const struct field *f)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (field_is(f, kinds[i].name))
			return kinds[i].kind;
	return UNNAMED;
}

/* No words of a phrase are in it; only comments hold text. */
static bool
has_no_phrases(enum kind kind)
{
	return kind == IDS || kind == URLS || kind == OPAQUE;
}

static enum refold_place
places_of(enum kind kind)
{
	switch (kind) {
	case ADDRESSES:
		return REFOLD_ADDRESSES;
	case URLS:
		return REFOLD_URLS;
	case IDS:
		return REFOLD_IDS;
	case UNNAMED:
	case TEXT:
	case PHRASES:
	case PARAMETERS:
	case OPAQUE:
		break;
	}
	return REFOLD_BLANKS;
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
has_raw_encoded_word(const char *text, size_t len)
{
	struct mixed_text	m;
	size_t			at = 0;

	while (mixed_text_next(&m, text, len, &at))
		if (!text_is_ascii(text + at - m.word.len, m.word.len))
			return true;
	return false;
}

/* Even with SMTPUTF8 an encoded word is ASCII. */
static bool
is_clear(const char *text, size_t len, bool utf8)
{
	return text_is_ascii(text, len) || (utf8 && text_is_utf8(text, len) &&
	    !has_raw_encoded_word(text, len));
}

/* For parameters RFC 2231 does in any case, and may be there already. */
static bool
takes_utf8(enum kind kind, const struct field_form *form)
{
	return form->utf8 && kind != PARAMETERS;
}

bool
field_is_fit(const struct field *f, const struct field_form *form)
{
	return (text_is_ascii(f->text, f->len) ||
	    is_clear(f->text, f->len, takes_utf8(kind_of(f), form))) &&
	    (f->len <= REFOLD_LIMIT + 2 || !has_long_line(f));
}

static bool
has_long_encoded_word(const char *text, size_t len)
{
	struct mixed_text	m;
	size_t			at = 0;

	while (len > LONG_WORD && mixed_text_next(&m, text, len, &at))
		if (m.word.len > LONG_WORD)
			return true;
	return false;
}

/* Text that has to be written anew; other long text is only folded. */
static bool
is_bad(const struct writer *w, const char *text, size_t len)
{
	return !is_clear(text, len, takes_utf8(w->kind, w->form)) ||
	    has_long_encoded_word(text, len);
}

static void
encode(struct writer *w, const char *text, size_t len, const char *charset)
{
	size_t	less = w->to.len < REFOLD_WIDTH ? w->to.len : 0;

	encoded_words_write(&w->to, text, len, charset, less);
	w->encoded = true;
}

/* An encoded word may begin a comment, but else follows a blank. */
static void
separate(struct writer *w)
{
	if (w->to.len > 0 && !text_is_blank(w->to.data[w->to.len - 1]) &&
	    w->to.data[w->to.len - 1] != '(')
		buffer_add_byte(&w->to, ' ');
}

static void
encode_waiting(struct writer *w)
{
	if (w->waiting.len == 0)
		return;
	separate(w);
	encode(w, w->waiting.data, w->waiting.len, charset_of_text(
	    w->waiting.data, w->waiting.len, w->form->charset));
	buffer_clear(&w->waiting);
}

/*
 * An encoded word.  If it has raw octets in it, or is too long, the text that
 * it stands for is encoded anew, in the charset that it names.
 */
static void
write_encoded_word(struct writer *w, const struct encoded_word *word,
    const char *text)
{
	struct buffer	octets = { 0 };

	encode_waiting(w);
	separate(w);
	if (is_bad(w, text, word->len) && encoded_word_decode(&octets, word))
		encode(w, octets.data, octets.len, word->charset);
	else
		buffer_add(&w->to, text, word->len);
	w->encoded = true;
	buffer_free(&octets);
}

/* Text of which some is bad: all of it but the encoded words is encoded. */
static void
write_mixed(struct writer *w, const char *text, size_t len)
{
	struct mixed_text	m;
	size_t			at = 0;

	while (mixed_text_next(&m, text, len, &at)) {
		buffer_add(&w->waiting, m.text, m.len);
		if (m.word.len > 0)
			write_encoded_word(w, &m.word, text + at - m.word.len);
	}
}

/* All of the text is one encoded word. */
static bool
is_encoded_word(const char *text, size_t len)
{
	struct encoded_word	word;

	return len > 0 && encoded_word_read(&word, text, len) == len;
}

static bool
begins_encoded(const char *text, size_t len)
{
	struct encoded_word	word;

	return encoded_word_read(&word, text, len) > 0;
}

static bool
has_encoded_word(const char *text, size_t len)
{
	struct mixed_text	m;
	size_t			at = 0;

	return mixed_text_next(&m, text, len, &at) && m.word.len > 0;
}

static size_t
blank_end(const char *text, size_t len, size_t i)
{
	while (i < len && text_is_blank(text[i]))
		i++;
	return i;
}

/* Up to a blank that is not in an encoded word. */
static size_t
word_end(const char *text, size_t len, size_t i)
{
	struct encoded_word	word;

	while (i < len && !text_is_blank(text[i])) {
		size_t	n = encoded_word_read(&word, text + i, len - i);

		i += n > 0 ? n : 1;
	}
	return i;
}

/*
 * RFC 2047 section 5, rule 1.  Readers leave out the blanks between two encoded
 * words, so blanks that are to be seen have to be in one of them.
 */
static void
write_text(struct writer *w)
{
	size_t	i = 0;

	while (i < w->len) {
		size_t		 start = blank_end(w->text, w->len, i);
		size_t		 end = word_end(w->text, w->len, start);
		const char	*blanks = w->text + i;
		const char	*word = w->text + start;
		bool		 bad = is_bad(w, word, end - start);
		bool		 encoded = is_encoded_word(word, end - start);

		if (w->waiting.len > 0 ? bad || encoded : bad && w->encoded &&
		    !begins_encoded(word, end - start))
			buffer_add(&w->waiting, blanks, start - i);
		if (bad) {
			if (w->waiting.len == 0)
				buffer_add(&w->to, blanks, start - i);
			write_mixed(w, word, end - start);
		} else if (encoded && w->waiting.len > 0) {
			encode_waiting(w);
			separate(w);
			buffer_add(&w->to, word, end - start);
		} else {
			encode_waiting(w);
			buffer_add(&w->to, blanks, end - i);
			w->encoded = encoded;
		}
		i = end;
	}
	encode_waiting(w);
}

/*
 * Structured fields
 */

/* After the comment, quoted string or path that begins at i; 0: no end. */
static size_t
enclosed_end(const char *text, size_t len, size_t i)
{
	char		open = text[i];
	char		close = open == '(' ? ')' : open == '<' ? '>' : open;
	unsigned	depth = 1;

	for (i++; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		else if (text[i] == close && --depth == 0)
			return i + 1;
		else if (text[i] == '(' && open == '(')
			depth++;
	}
	return 0;
}

/* What is between the quotes, without the quoting. */
static void
add_unquoted(struct buffer *to, const char *text, size_t len)
{
	for (size_t i = 1; i + 1 < len; i++) {
		if (text[i] == '\\' && i + 2 < len)
			i++;
		buffer_add_byte(to, text[i]);
	}
}

/* The words of a phrase that were written anew, and the blanks after them. */
static void
end_phrase(struct writer *w, size_t at)
{
	if (!w->open)
		return;
	w->open = false;
	encode_waiting(w);
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
	write_mixed(w, text.data, text.len);
	encode_waiting(w);
	buffer_add_byte(&w->to, ')');
	w->encoded = false;
	buffer_free(&text);
}

/*
 * A word of a phrase: an atom or a quoted string (RFC 2047 section 5, rule 3).
 * Encoded words in a quoted string are words to some readers and text to
 * others, so they lose the quotes.
 */
static void
write_word(struct writer *w, size_t i, size_t end)
{
	const char	*word = w->text + i;
	bool		 encoded = is_encoded_word(word, end - i);
	struct buffer	 text = { 0 };

	if (!is_bad(w, word, end - i) &&
	    (word[0] != '"' || !has_encoded_word(word, end - i))) {
		if (encoded && w->waiting.len > 0)
			buffer_add_byte(&w->waiting, ' ');
		end_phrase(w, i);
		buffer_add(&w->to, word, end - i);
		w->encoded = encoded;
		return;
	}
	if (word[0] == '"')
		add_unquoted(&text, word, end - i);
	else
		buffer_add(&text, word, end - i);
	if (w->waiting.len > 0 ||
	    (w->encoded && !begins_encoded(text.data, text.len)))
		buffer_add_byte(&w->waiting, ' ');
	write_mixed(w, text.data, text.len);
	w->encoded = true;
	w->open = true;
	w->blank = end;
	buffer_free(&text);
}

/* Its domain as an A-label; else as it stands, comments in it and all. */
static void
write_spec(struct writer *w, const struct address *a)
{
	struct address	ascii = *a;
	struct buffer	domain = { 0 };
	struct failure	ignored;
	size_t		before;

	end_phrase(w, a->start);
	w->encoded = false;
	before = w->to.len;
	if (!is_clear(w->text + a->start, a->end - a->start, w->form->utf8) &&
	    !w->is_signed && domain_to_ascii(&domain, a->domain, &ignored)) {
		ascii.domain = domain.data != NULL ? domain.data : a->domain;
		address_write(&w->to, &ascii);
	} else {
		buffer_add(&w->to, w->text + a->start, a->end - a->start);
	}
	w->needs_utf8 |= !text_is_ascii(w->to.data + before,
	    w->to.len - before);
	buffer_free(&domain);
}

/*
 * An atom ends at white space, at a special, at an addr-spec.  An encoded word
 * is one even if it has blanks or specials in it, but not angle brackets.
 */
static size_t
atom_end(const struct writer *w, size_t i)
{
	size_t			end = w->spec < w->list.n ?
				    w->list.address[w->spec].start : w->len;
	struct encoded_word	word;
	size_t			n = encoded_word_read(&word, w->text + i,
				    end - i);

	if (n > 0 && memchr(w->text + i, '<', n) == NULL &&
	    (w->parsed || memchr(w->text + i, '@', n) == NULL))
		i += n - 1;
	for (i++; i < end; i++)
		if (text_is_blank(w->text[i]) ||
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

/* A message id, or what looks like an address although it can't be read. */
static size_t
write_path(struct writer *w, size_t i, size_t end)
{
	w->needs_utf8 |= !text_is_ascii(w->text + i, end - i);
	return write_special(w, i, end);
}

static size_t
write_atom(struct writer *w, size_t i)
{
	size_t	end = atom_end(w, i);
	bool	address = memchr(w->text + i, '@', end - i) != NULL;

	if (address && !w->parsed)
		return write_path(w, i, end);
	if (has_no_phrases(w->kind))
		return write_special(w, i, end);
	write_word(w, i, end);
	return end;
}

/* A comment, a quoted string or, in a field that can't be read, an address. */
static size_t
write_enclosed(struct writer *w, size_t i)
{
	size_t	end = enclosed_end(w->text, w->len, i);

	if (end == 0)			/* who knows what was meant */
		return write_special(w, i, w->len);
	if (w->text[i] == '(')
		write_comment(w, i, end);
	else if (w->text[i] == '"' && !has_no_phrases(w->kind))
		write_word(w, i, end);
	else if (w->text[i] == '<')
		write_path(w, i, end);
	else
		write_special(w, i, end);
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
		if (!w->open)
			buffer_add(&w->to, text + i, end - i);
		return end;
	case '(':
	case '"':
		return write_enclosed(w, i);
	case '<':
		if (w->parsed)
			return write_special(w, i, i + 1);
		return write_enclosed(w, i);
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
	case UNNAMED:
		if (!json_to_ascii(&w->to, w->text, w->len))
			write_text(w);
		break;
	case TEXT:
		write_text(w);
		break;
	case ADDRESSES:
	case PHRASES:
	case IDS:
	case URLS:
	case OPAQUE:
		write_structured(w);
		break;
	case PARAMETERS:
		media_type_write_parameters(&w->to, w->text, w->len,
		    w->form->charset);
		break;
	}
}

static void
write_field(struct writer *w, const struct field *f)
{
	struct buffer	 text = { 0 };
	size_t		 len;
	const char	*value = field_value(f, &len);

	unfold(&text, value, len);
	w->text = text.data;
	w->len = text.len;
	buffer_add(&w->to, f->text, (size_t)(value - f->text));
	if (is_bad(w, w->text, w->len))
		write_value(w);
	else
		buffer_add(&w->to, w->text, w->len);
	buffer_free(&text);
}

static void
writer_free(struct writer *w)
{
	buffer_free(&w->waiting);
	buffer_free(&w->to);
}

enum field_result
field_write(struct buffer *to, const struct field *f,
    const struct field_form *form)
{
	struct writer	w = { .form = form, .kind = kind_of(f) };
	size_t		before = to->len;
	enum field_result	result = FIELD_FITS;

	if (field_is_fit(f, form)) {
		buffer_add(to, f->text, f->len);
		return FIELD_FITS;
	}
	write_field(&w, f);
	if (!refold(to, w.to.data, w.to.len, places_of(w.kind)))
		result = FIELD_TOO_LONG;
	if (!is_clear(w.to.data, w.to.len, takes_utf8(w.kind, form)))
		result = FIELD_NOT_ASCII;
	if (result == FIELD_TOO_LONG && text_is_ascii(f->text, f->len)) {
		to->len = before;
		buffer_add(to, f->text, f->len);
	}
	writer_free(&w);
	return result;
}

/* UTF-8 stays in an address or a message id, whatever else is encoded. */
static bool
needs_utf8(const struct field *f, bool is_signed)
{
	static const struct field_form	ascii = { .utf8 = false };
	struct writer			w = { .form = &ascii,
					    .kind = kind_of(f),
					    .is_signed = is_signed };
	bool				needs;

	if (w.kind != ADDRESSES && w.kind != IDS)
		return false;
	write_field(&w, f);
	needs = w.needs_utf8 && text_is_utf8(w.to.data, w.to.len);
	writer_free(&w);
	return needs;
}

bool
header_needs_utf8(const struct header *h)
{
	bool	is_signed = false, known = false;

	for (size_t i = 0; i < h->n; i++) {
		const struct field	*f = &h->field[i];

		if (text_is_ascii(f->text, f->len))
			continue;
		if (!known)
			is_signed = header_is_signed(h);
		known = true;
		if (needs_utf8(f, is_signed))
			return true;
	}
	return false;
}
