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
	LONG_WORD = 900,	/* octets; longer encoded words are split */
};

enum field_kind {
	UNKNOWN,		/* text, or JSON of a program */
	TEXT,
	ADDRESSES,
	PHRASES,
	PARAMETERS,
	IDS,			/* message ids */
	URLS,
	OPAQUE,			/* only comments may contain text */
};

/* Arrays, not pointers, which are relocated at each start. */
static const struct { char name[28]; enum field_kind kind; } kinds[] = {
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

/* A field that is being converted. */
struct field_writer {
	struct buffer			 to;	/* unfolded */
	const struct field_form		*form;
	const char			*text;	/* the value, unfolded */
	size_t				 len;
	enum field_kind			 kind;
	bool				 is_signed; /* domains stay */
	bool				 needs_utf8; /* an address or message id
						 * stays UTF-8 */
	struct address_list		 list;	/* addr-specs in the value */
	size_t				 spec;	/* index of the next one */
	bool				 parsed; /* list is complete */
	struct buffer			 waiting; /* text to be encoded */
	bool				 encoded; /* after an encoded word */
	bool				 in_phrase; /* after a word of a phrase
						 * that was encoded; */
	size_t				 blank;	/* white space from here on is
						 * not written yet */
};

static enum field_kind
field_kind_of(const struct field *f)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (field_is(f, kinds[i].name))
			return kinds[i].kind;
	return UNKNOWN;
}

/* Whether the field has no phrases: only comments contain text. */
static bool
has_no_phrases(enum field_kind kind)
{
	return kind == IDS || kind == URLS || kind == OPAQUE;
}

static enum refold_place
places_of(enum field_kind kind)
{
	switch (kind) {
	case ADDRESSES:
		return REFOLD_ADDRESSES;
	case URLS:
		return REFOLD_URLS;
	case IDS:
		return REFOLD_IDS;
	case UNKNOWN:
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

/* Whether text needs no encoding.  An encoded word must always be ASCII. */
static bool
text_is_fit(const char *text, size_t len, bool utf8)
{
	return text_is_ascii(text, len) || (utf8 && text_is_utf8(text, len) &&
	    !has_raw_encoded_word(text, len));
}

/* Parameters are always encoded (RFC 2231), because that needs no SMTPUTF8. */
static bool
may_be_utf8(enum field_kind kind, const struct field_form *form)
{
	return form->utf8 && kind != PARAMETERS;
}

bool
field_is_fit(const struct field *f, const struct field_form *form)
{
	return (text_is_ascii(f->text, f->len) ||
	    text_is_fit(f->text, f->len,
	    may_be_utf8(field_kind_of(f), form))) &&
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

/* Whether text must be encoded.  Other long text is only folded. */
static bool
needs_encoding(const struct field_writer *w, const char *text, size_t len)
{
	return !text_is_fit(text, len, may_be_utf8(w->kind, w->form)) ||
	    has_long_encoded_word(text, len);
}

static void
add_encoded(struct field_writer *w, const char *text, size_t len,
    const char *charset)
{
	size_t	less = w->to.len < REFOLD_WIDTH ? w->to.len : 0;

	encoded_words_write(&w->to, text, len, charset, less);
	w->encoded = true;
}

/* An encoded word must follow a blank or begin a comment. */
static void
add_blank(struct field_writer *w)
{
	if (w->to.len > 0 && !text_is_blank(w->to.data[w->to.len - 1]) &&
	    w->to.data[w->to.len - 1] != '(')
		buffer_add_byte(&w->to, ' ');
}

static void
encode_waiting(struct field_writer *w)
{
	if (w->waiting.len == 0)
		return;
	add_blank(w);
	add_encoded(w, w->waiting.data, w->waiting.len, charset_of_text(
	    w->waiting.data, w->waiting.len, w->form->charset));
	buffer_clear(&w->waiting);
}

/*
 * Writes an encoded word.  If it contains octets that are not ASCII or is too
 * long, it is decoded and encoded again, in the charset that it names.
 */
static void
write_encoded_word(struct field_writer *w, const struct encoded_word *word,
    const char *text)
{
	struct buffer	octets = { 0 };

	encode_waiting(w);
	add_blank(w);
	if (needs_encoding(w, text, word->len) &&
	    encoded_word_decode(&octets, word))
		add_encoded(w, octets.data, octets.len, word->charset);
	else
		buffer_add(&w->to, text, word->len);
	w->encoded = true;
	buffer_free(&octets);
}

/* Encodes text; encoded words in it stay. */
static void
write_mixed(struct field_writer *w, const char *text, size_t len)
{
	struct mixed_text	m;
	size_t			at = 0;

	while (mixed_text_next(&m, text, len, &at)) {
		buffer_add(&w->waiting, m.text, m.len);
		if (m.word.len > 0)
			write_encoded_word(w, &m.word, text + at - m.word.len);
	}
}

/* Whether the whole text is one encoded word. */
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
 * Writes unstructured text (RFC 2047 section 5, rule 1).  Readers remove white
 * space between two encoded words, so white space that must be displayed is
 * encoded as part of a word.
 */
static void
write_text(struct field_writer *w)
{
	size_t	i = 0;

	while (i < w->len) {
		size_t		 start = blank_end(w->text, w->len, i);
		size_t		 end = word_end(w->text, w->len, start);
		const char	*blanks = w->text + i;
		const char	*word = w->text + start;
		bool		 encode = needs_encoding(w, word, end - start);
		bool		 encoded = is_encoded_word(word, end - start);

		if (w->waiting.len > 0 ? encode || encoded :
		    encode && w->encoded && !begins_encoded(word, end - start))
			buffer_add(&w->waiting, blanks, start - i);
		if (encode) {
			if (w->waiting.len == 0)
				buffer_add(&w->to, blanks, start - i);
			write_mixed(w, word, end - start);
		} else if (encoded && w->waiting.len > 0) {
			encode_waiting(w);
			add_blank(w);
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

/*
 * Returns the offset after the comment, quoted string or path that begins at i,
 * or 0 if its end is missing.
 */
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

/* Adds the text between quotes or parentheses, without backslashes. */
static void
add_unquoted(struct buffer *to, const char *text, size_t len)
{
	for (size_t i = 1; i + 1 < len; i++) {
		if (text[i] == '\\' && i + 2 < len)
			i++;
		buffer_add_byte(to, text[i]);
	}
}

/* Writes the waiting words of a phrase and the white space after them. */
static void
end_phrase(struct field_writer *w, size_t at)
{
	if (!w->in_phrase)
		return;
	w->in_phrase = false;
	encode_waiting(w);
	if (at > w->blank)
		buffer_add(&w->to, w->text + w->blank, at - w->blank);
	else if (at < w->len && w->text[at] != ',')
		buffer_add_byte(&w->to, ' ');
}

static void
write_comment(struct field_writer *w, size_t i, size_t end)
{
	struct buffer	text = { 0 };

	end_phrase(w, i);
	w->encoded = false;
	if (!needs_encoding(w, w->text + i, end - i)) {
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
 * Writes a word of a phrase: an atom or a quoted string (RFC 2047 section 5,
 * rule 3).  Only some readers decode encoded words in a quoted string, so the
 * quotes around them are removed.
 */
static void
write_word(struct field_writer *w, size_t i, size_t end)
{
	const char	*word = w->text + i;
	bool		 encoded = is_encoded_word(word, end - i);
	struct buffer	 text = { 0 };

	if (!needs_encoding(w, word, end - i) &&
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
	w->in_phrase = true;
	w->blank = end;
	buffer_free(&text);
}

/*
 * Writes an addr-spec: with an A-label as its domain if it is not ASCII, else
 * unchanged, including its comments.
 */
static void
write_spec(struct field_writer *w, const struct address *a)
{
	struct address	ascii = *a;
	struct buffer	domain = { 0 };
	struct failure	ignored;
	size_t		before;

	end_phrase(w, a->start);
	w->encoded = false;
	before = w->to.len;
	if (!text_is_fit(w->text + a->start, a->end - a->start,
	    w->form->utf8) && !w->is_signed &&
	    domain_to_ascii(&domain, a->domain, &ignored)) {
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
 * An atom ends before white space, a special, or an addr-spec.  An encoded word
 * may contain white space and specials, except angle brackets.
 */
static size_t
atom_end(const struct field_writer *w, size_t i)
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

/* Copies text that is not a word of a phrase. */
static size_t
copy_special(struct field_writer *w, size_t i, size_t end)
{
	end_phrase(w, i);
	w->encoded = false;
	buffer_add(&w->to, w->text + i, end - i);
	return end;
}

/* Copies a message id, or an address in a field that cannot be parsed. */
static size_t
copy_path(struct field_writer *w, size_t i, size_t end)
{
	w->needs_utf8 |= !text_is_ascii(w->text + i, end - i);
	return copy_special(w, i, end);
}

/* Writes a comment, a quoted string, a message id or an unparsed address. */
static size_t
write_enclosed(struct field_writer *w, size_t i)
{
	size_t	end = enclosed_end(w->text, w->len, i);

	if (end == 0)			/* its end is missing */
		return copy_special(w, i, w->len);
	if (w->text[i] == '(')
		write_comment(w, i, end);
	else if (w->text[i] == '"' && !has_no_phrases(w->kind))
		write_word(w, i, end);
	else if (w->text[i] == '<')
		copy_path(w, i, end);
	else
		copy_special(w, i, end);
	return end;
}

static size_t
write_token(struct field_writer *w, size_t i)
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
		if (!w->in_phrase)
			buffer_add(&w->to, text + i, end - i);
		return end;
	case '(':
	case '"':
		return write_enclosed(w, i);
	case '<':
		if (w->parsed)
			return copy_special(w, i, i + 1);
		return write_enclosed(w, i);
	case ')':
	case ',':
	case ':':
	case ';':
	case '>':
		return copy_special(w, i, i + 1);
	}
	end = atom_end(w, i);
	if (!w->parsed && memchr(text + i, '@', end - i) != NULL)
		return copy_path(w, i, end);
	if (has_no_phrases(w->kind))
		return copy_special(w, i, end);
	write_word(w, i, end);
	return end;
}

/* Copies the value without line ends. */
static void
unfold_value(struct buffer *to, const char *value, size_t len)
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
write_value(struct field_writer *w)
{
	struct failure	ignored;
	size_t		i = 0;

	switch (w->kind) {
	case UNKNOWN:
		if (!json_to_ascii(&w->to, w->text, w->len))
			write_text(w);
		break;
	case TEXT:
		write_text(w);
		break;
	case ADDRESSES:
		w->parsed = address_list_parse(&w->list, w->text, w->len,
		    ADDRESS_HEADER, &ignored);
		/* FALLTHROUGH */
	case PHRASES:
	case IDS:
	case URLS:
	case OPAQUE:
		while (i < w->len)
			i = write_token(w, i);
		end_phrase(w, i);
		address_list_free(&w->list);
		break;
	case PARAMETERS:
		media_type_write_parameters(&w->to, w->text, w->len,
		    w->form->charset);
		break;
	}
}

static void
write_field(struct field_writer *w, const struct field *f)
{
	struct buffer	 text = { 0 };
	size_t		 len;
	const char	*value = field_value(f, &len);

	unfold_value(&text, value, len);
	w->text = text.data;
	w->len = text.len;
	buffer_add(&w->to, f->text, (size_t)(value - f->text));
	if (needs_encoding(w, w->text, w->len))
		write_value(w);
	else
		buffer_add(&w->to, w->text, w->len);
	buffer_free(&text);
}

static void
field_writer_free(struct field_writer *w)
{
	buffer_free(&w->waiting);
	buffer_free(&w->to);
}

enum field_result
field_write(struct buffer *to, const struct field *f,
    const struct field_form *form)
{
	struct field_writer	w = { .form = form, .kind = field_kind_of(f) };
	size_t		before = to->len;
	enum field_result	result = FIELD_FITS;

	if (field_is_fit(f, form)) {
		buffer_add(to, f->text, f->len);
		return FIELD_FITS;
	}
	write_field(&w, f);
	if (!refold(to, w.to.data, w.to.len, places_of(w.kind)))
		result = FIELD_TOO_LONG;
	if (!text_is_fit(w.to.data, w.to.len, may_be_utf8(w.kind, form)))
		result = FIELD_NOT_ASCII;
	if (result == FIELD_TOO_LONG && text_is_ascii(f->text, f->len)) {
		to->len = before;
		buffer_add(to, f->text, f->len);
	}
	field_writer_free(&w);
	return result;
}

/* Whether an address or message id in the field must stay UTF-8. */
static bool
field_needs_utf8(const struct field *f, bool is_signed)
{
	static const struct field_form	ascii = { .utf8 = false };
	struct field_writer			w = { .form = &ascii,
					    .kind = field_kind_of(f),
					    .is_signed = is_signed };
	bool				needs;

	if (w.kind != ADDRESSES && w.kind != IDS)
		return false;
	write_field(&w, f);
	needs = w.needs_utf8 && text_is_utf8(w.to.data, w.to.len);
	field_writer_free(&w);
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
		if (field_needs_utf8(f, is_signed))
			return true;
	}
	return false;
}
