#include "mail/address.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

/*
 * The parser reads one token at a time and stores only its position.  Whether
 * words are a display name or a local part depends on the special character
 * after them, so words are read a second time, but only once: the time stays
 * linear.
 */
enum {				/* other tokens are single characters */
	TOKEN_END	= 'E',
	TOKEN_INVALID	= 'B',
	TOKEN_ATOM	= 'A',
	TOKEN_ENCODED	= 'W',	/* an encoded word (RFC 2047) */
	TOKEN_QUOTED	= 'Q',
	TOKEN_LITERAL	= 'L',	/* [...] */
};

struct address_parser {
	const char		*text;
	size_t			 len;
	enum address_where	 where;
	bool			 is_path;	/* no white space or comments */
	struct address_faults	*faults;	/* NULL: stop at the first */
	char			*repair;	/* the text, to be repaired;
						 * or NULL */
	size_t			 at;		/* offset of the next octet */
	size_t			 element;	/* start of the element */
	bool			 in_group;
	size_t			 group;		/* start of the group */
	size_t			 before_group;	/* addresses in the list */

	char			 token;		/* text[start, end) */
	size_t			 start;
	size_t			 end;

	struct buffer		 local;		/* of the current addr-spec,
						 * text[spec_start, spec_end) */
	struct buffer		 domain;
	size_t			 spec_start;
	size_t			 spec_end;
	bool			 in_quotes;	/* the whole addr-spec */
	struct address_fault	 fault;		/* .reason is NULL: none */
};

/*
 * Refusals
 */

/* Keeps the first reason for refusing an element. */
static bool
refuse(struct address_parser *p, const char *reason)
{
	if (p->fault.reason == NULL)
		p->fault.reason = reason;
	return false;
}

static bool
refuse_unsupported(struct address_parser *p, const char *reason)
{
	if (p->fault.reason == NULL)
		p->fault.cause = ADDRESS_CAUSE_UNSUPPORTED;
	return refuse(p, reason);
}

bool
address_fault_explain(const struct address_fault *f, const char *text,
    int status, struct failure *why)
{
	enum { SHOWN = 80, LONGEST = 4 };	/* octets for a visible one */
	const char	*piece = text + f->start;
	size_t		 len = f->end - f->start;
	char		 shown[SHOWN + 1];
	char		 more[SHOWN + LONGEST + 1];
	bool		 cut;

	visible(shown, sizeof(shown), piece, len);
	visible(more, sizeof(more), piece, len);
	cut = strlen(more) > strlen(shown);
	failed(why, status, "invalid address '%s%s': %s", shown,
	    cut ? "..." : "", f->reason);
	why->cause = f->cause;
	return false;
}

/*
 * Tokens (RFC 5322 section 3.2)
 */

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == '\177';
}

static inline bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* RFC 5322 section 3.2.3, and non-ASCII characters of RFC 6532. */
static inline bool
is_atext(char c)
{
	if (is_alphanumeric(c) || (unsigned char)c >= 0x80)
		return true;
	switch (c) {
	case '!': case '#': case '$': case '%': case '&': case '\'':
	case '*': case '+': case '-': case '/': case '=': case '?':
	case '^': case '_': case '`': case '{': case '|': case '}':
	case '~':
		return true;
	}
	return false;
}

static bool
is_white_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether the CR or LF at i belongs to a fold, or ends the whole text. */
static bool
is_line_end(const struct address_parser *p, size_t i)
{
	if (p->text[i] == '\r')
		return i + 1 < p->len && p->text[i + 1] == '\n';
	return i + 1 == p->len || p->text[i + 1] == ' ' ||
	    p->text[i + 1] == '\t';
}

/* Returns the end of text[start, end) without white space at the end. */
static size_t
trimmed_end(const struct address_parser *p, size_t start, size_t end)
{
	while (end > start && p->text[end - 1] != '\0' &&
	    is_white_space(p->text[end - 1]))
		end--;
	return end;
}

/* Refuses an octet before parsing; the fault is the text between commas. */
static bool
refuse_at(struct address_parser *p, size_t i, const char *reason)
{
	const char	*before = i > 0 ? memrchr(p->text, ',', i) : NULL;
	const char	*after = memchr(p->text + i, ',', p->len - i);
	size_t		 start = before != NULL ?
			    (size_t)(before + 1 - p->text) : 0;

	p->fault.start = start;
	p->fault.end = trimmed_end(p, start, after != NULL ?
	    (size_t)(after - p->text) : p->len);
	return refuse(p, reason);
}

/*
 * Checks octets without regard to their context.  After this check, CR and LF
 * are white space, and the text contains no NUL.
 */
static bool
check_octets(struct address_parser *p)
{
	bool	lines = p->where == ADDRESS_HEADER && !p->is_path;

	for (size_t i = 0; i < p->len; i++) {
		char	c = p->text[i];

		if (!is_control(c) || c == '\t')
			continue;
		if (c == '\0')
			return refuse_at(p, i, "contains a NUL character");
		if (c == '\r' || c == '\n') {
			if (!lines || !is_line_end(p, i))
				return refuse_at(p, i, "contains a line break");
		} else if (!lines) {
			return refuse_at(p, i, "contains a control character");
		}
	}
	return true;
}

static bool
skip_comment(struct address_parser *p)
{
	size_t	depth = 0;

	while (p->at < p->len) {
		char	c = p->text[p->at++];

		if (c == '\\' && p->at < p->len)
			p->at++;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return true;
	}
	return refuse(p, "missing ')' after a comment");
}

static bool
skip_white_space(struct address_parser *p)
{
	while (!p->is_path && p->at < p->len) {
		char	c = p->text[p->at];

		if (c == '(') {
			if (!skip_comment(p))
				return false;
		} else if (is_white_space(c)) {
			p->at++;
		} else {
			break;
		}
	}
	return true;
}

/* Reads a quoted string or a domain literal, including its last character. */
static bool
read_enclosed(struct address_parser *p, char close, const char *unclosed)
{
	p->at++;
	while (p->at < p->len) {
		char	c = p->text[p->at++];

		if (c == '\\' && p->at < p->len)
			p->at++;
		else if (c == close)
			return true;
	}
	return refuse(p, unclosed);
}

/*
 * Returns the length of the encoded word at p->at, or 0.  Its text may contain
 * specials, which many programs do not encode, and white space, unless it could
 * be a list with an address.  A search stops at a question mark, and the next
 * one begins only after it, so the time is linear.
 */
static size_t
encoded_word_length(const struct address_parser *p)
{
	const char	*s = p->text + p->at;
	size_t		 n = p->len - p->at;
	size_t		 i = 2;
	bool		 white = false, at = false;

	if (n < 2 || s[0] != '=' || s[1] != '?')
		return 0;
	while (i < n && (is_alphanumeric(s[i]) ||
	    (s[i] != '\0' && strchr("-_.:+*", s[i]) != NULL)))
		i++;				/* charset and language */
	if (n - i < 3 || i == 2 || s[i] != '?' ||
	    strchr("bBqQ", s[i + 1]) == NULL || s[i + 2] != '?')
		return 0;
	for (i += 3; i < n && s[i] != '?'; i++) {
		at |= s[i] == '@';
		if (is_white_space(s[i]))
			white = true;
		else if (is_control(s[i]) || strchr("<>\"", s[i]) != NULL)
			return 0;
	}
	return i + 1 < n && s[i + 1] == '=' && !(white && at) ? i + 2 : 0;
}

static bool
refuse_octet(struct address_parser *p)
{
	switch (p->text[p->at++]) {
	case '(':
		return refuse(p, "a comment is not allowed here");
	case ')':
		return refuse(p, "missing '(' before ')'");
	case ']':
		return refuse(p, "missing '[' before ']'");
	case '\\':
		return refuse(p, "a backslash is allowed only in quotes");
	case ' ':
	case '\t':
		return refuse(p, "white space is not allowed here");
	default:
		return refuse(p, "contains a control character");
	}
}

static bool
next_token(struct address_parser *p)
{
	char	c;
	size_t	encoded;

	p->token = TOKEN_INVALID;
	if (!skip_white_space(p))
		return false;
	p->start = p->end = p->at;
	if (p->at == p->len) {
		p->token = TOKEN_END;
		return true;
	}
	c = p->text[p->at];
	if (is_atext(c)) {
		encoded = encoded_word_length(p);
		p->token = encoded > 0 ? TOKEN_ENCODED : TOKEN_ATOM;
		p->at += encoded;
		while (p->at < p->len && is_atext(p->text[p->at]))
			p->at++;
	} else if (c == '"') {
		if (!read_enclosed(p, '"', "missing '\"' at the end of a "
		    "quoted string"))
			return false;
		p->token = TOKEN_QUOTED;
	} else if (c == '[') {
		if (!read_enclosed(p, ']', "missing ']' after '['"))
			return false;
		p->token = TOKEN_LITERAL;
	} else if (strchr("<>,;:@.", c) != NULL) {
		p->token = c;
		p->at++;
	} else {
		return refuse_octet(p);
	}
	p->end = p->at;
	return true;
}

/*
 * The addr-spec (RFC 5322 sections 3.4.1 and 4.4)
 */

/* The limit is checked each time, so that memory is bounded. */
static bool
add_octets(struct address_parser *p, struct buffer *part, const char *octets,
    size_t n)
{
	if (n > ADDRESS_MAX - part->len)
		return refuse(p, "too long");
	buffer_add(part, octets, n);
	return true;
}

static bool
add_octet(struct address_parser *p, struct buffer *part, char c)
{
	return add_octets(p, part, &c, 1);
}

/* Adds the token without quotes, backslashes and folds. */
static bool
add_word(struct address_parser *p, struct buffer *part)
{
	bool	quoted = p->token == TOKEN_QUOTED;
	size_t	end = p->end - quoted;

	if (!quoted)
		return add_octets(p, part, p->text + p->start, end - p->start);
	for (size_t i = p->start + 1; i < end; i++) {
		char	c = p->text[i];

		if (c == '\r' || c == '\n')
			continue;
		if (c == '\\')
			c = p->text[++i];
		if (!add_octet(p, part, c))
			return false;
	}
	return true;
}

/* Refuses characters that must not be in an SMTP command, even in quotes. */
static bool
check_part(struct address_parser *p, const struct buffer *part)
{
	for (size_t i = 0, n; i < part->len; i += n) {
		uint32_t	c = (unsigned char)part->data[i];

		n = c < 0x80 ? 1 : text_decode_utf8(part->data + i,
		    part->len - i, &c);
		if (n == 0)
			return refuse(p, "not valid UTF-8");
		if (c < ' ' || (c >= 0x7f && c < 0xa0))
			return refuse(p, "contains a control character");
		if (c == '<' || c == '>')
			return refuse(p, "contains an angle bracket");
	}
	return true;
}

/*
 * Parses words with dots between them.  Dots in unusual places are accepted,
 * because such mailboxes exist, but two words must have a dot between them.
 */
static bool
parse_local(struct address_parser *p, const char *two_words)
{
	bool	any = false;
	bool	after_word = false;

	buffer_clear(&p->local);
	p->spec_start = p->start;
	for (;;) {
		if (p->token == TOKEN_ENCODED)
			return refuse(p, "an encoded word is not an address");
		if (p->token == '.') {
			after_word = false;
		} else if (p->token == TOKEN_ATOM || p->token == TOKEN_QUOTED) {
			if (after_word)
				return refuse(p, two_words);
			any = after_word = true;
		} else {
			break;
		}
		if (!add_word(p, &p->local))
			return false;
		p->spec_end = p->end;
		if (!next_token(p))
			return false;
	}
	if (!any)
		return refuse(p, "missing local part before '@'");
	return check_part(p, &p->local);
}

static bool
parse_literal(struct address_parser *p)
{
	buffer_clear(&p->domain);
	for (size_t i = p->start; i < p->end; i++) {
		char	c = p->text[i];

		if (is_white_space(c))
			continue;
		if (is_control(c) || (unsigned char)c >= 0x80 || c == '\\' ||
		    (c == '[' && i > p->start))
			return refuse(p, "invalid domain literal");
		if (!add_octet(p, &p->domain, c))
			return false;
	}
	if (p->domain.len == 2)
		return refuse(p, "empty domain literal");
	p->spec_end = p->end;
	return check_part(p, &p->domain) && next_token(p);
}

/* Parses atoms with one dot between them, or a literal. */
static bool
parse_domain(struct address_parser *p)
{
	if (p->token == TOKEN_LITERAL)
		return parse_literal(p);
	buffer_clear(&p->domain);
	for (;;) {
		if (p->token == '.')
			return refuse(p, "empty label in the domain");
		if (p->token != TOKEN_ATOM)
			return refuse(p, p->domain.len == 0 ?
			    "missing domain after '@'" :
			    "the domain ends with a dot");
		if (!add_word(p, &p->domain))
			return false;
		p->spec_end = p->end;
		if (!next_token(p))
			return false;
		if (p->token != '.')
			return check_part(p, &p->domain);
		if (!add_octet(p, &p->domain, '.') || !next_token(p))
			return false;
	}
}

/*
 * If the local part is "a@b.example" in quotes and a domain is missing, takes
 * the address in the quotes: a local name with an @ cannot be meant.
 */
static void
take_quoted_spec(struct address_parser *p)
{
	const char	*spec = p->text + p->spec_start;
	size_t		 len = p->spec_end - p->spec_start;
	struct address	 a;
	struct failure	 ignored;

	/* Only one quoted string, without backslashes. */
	if (spec[0] != '"' || spec[len - 1] != '"' ||
	    p->local.len != len - 2 || p->local.data[0] == '@' ||
	    !address_parse_path(&a, p->local.data, p->local.len, &ignored))
		return;
	if (a.domain[0] != '\0') {
		buffer_clear(&p->local);
		buffer_add_text(&p->local, a.local);
		buffer_add_text(&p->domain, a.domain);
		p->in_quotes = true;
	}
	address_free(&a);
}

static bool
parse_spec(struct address_parser *p, const char *two_words)
{
	p->in_quotes = false;
	if (!parse_local(p, two_words))
		return false;
	buffer_clear(&p->domain);
	if (p->token == '@')
		return next_token(p) && parse_domain(p);
	if (!p->is_path && p->local.len > 2)
		take_quoted_spec(p);
	return true;
}

/* Skips a source route, "@a,@b:", before an addr-spec. */
static bool
skip_route(struct address_parser *p)
{
	bool	any = false;

	for (;;) {
		if (p->token == '@') {
			if (!next_token(p) || !parse_domain(p))
				return false;
			any = true;
			if (p->token != ',' && p->token != ':')
				break;
		} else if (p->token == ',') {
			if (!next_token(p))
				return false;
		} else {
			break;
		}
		if (p->token == ':' && any)
			return next_token(p);
	}
	return refuse(p, "missing ':' after the source route");
}

/*
 * Addresses
 */

/*
 * Whether a word begins like an encoded word.  Without quotes, the word might
 * be refused when it is parsed again.
 */
static bool
resembles_encoded_word(const char *part)
{
	const char	*s = part;

	while ((s = strstr(s, "=?")) != NULL && s != part && s[-1] != '.')
		s += 2;
	return s != NULL;
}

static bool
is_dot_atom(const char *local)
{
	for (const char *s = local; *s != '\0'; s++) {
		if (is_atext(*s))
			continue;
		if (*s != '.' || s == local || s[-1] == '.' || s[1] == '\0')
			return false;
	}
	return *local != '\0' && !resembles_encoded_word(local);
}

void
address_write_quoted(struct buffer *to, const char *text)
{
	buffer_add_byte(to, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buffer_add_byte(to, '\\');
		buffer_add_byte(to, *text);
	}
	buffer_add_byte(to, '"');
}

void
address_write(struct buffer *to, const struct address *a)
{
	if (a->local[0] == '\0' && a->domain[0] == '\0')
		return;
	if (is_dot_atom(a->local))
		buffer_add_text(to, a->local);
	else
		address_write_quoted(to, a->local);
	if (a->domain[0] == '\0')
		return;
	buffer_add_byte(to, '@');
	buffer_add_text(to, a->domain);
}

bool
address_is_bare(const struct address *a)
{
	return a->domain[0] == '\0' && a->local[0] != '\0';
}

void
address_free(struct address *a)
{
	free(a->local);
	*a = (struct address){ 0 };
}

static bool
is_too_long(const struct address *a)
{
	size_t		most = 2 * (strlen(a->local) + 1 + strlen(a->domain));
	struct buffer	written = { 0 };
	size_t		len;

	/* Backslashes at most double the length of the local part. */
	if (most <= ADDRESS_MAX)
		return false;
	address_write(&written, a);
	len = written.len;
	buffer_free(&written);
	return len > ADDRESS_MAX;
}

/* Checks the whole address, after its parts. */
static bool
check_address(struct address_parser *p, const struct address *a)
{
	if (a->local[0] == '\0' && a->domain[0] == '\0')
		return refuse(p, "empty local part");
	if (is_too_long(a))
		return refuse(p, "too long");
	if (resembles_encoded_word(a->domain))
		return refuse(p, "an encoded word is not a domain");
	if (p->where != ADDRESS_ARGUMENT)
		return true;
	if (a->local[0] == '|')
		return refuse_unsupported(p, "mail to programs is not "
		    "supported");
	if (a->local[0] == '/' && address_is_bare(a))
		return refuse_unsupported(p, "mail to files is not supported");
	if (strncasecmp(a->local, ":include:", 9) == 0)
		return refuse_unsupported(p, "lists in files are not "
		    "supported");
	return true;
}

/*
 * Stores the parts in one block, with room for a display name.  For 10,000
 * recipients, a block for each part would take 4 million more instructions.
 */
static void
store_parts(struct address *a, const char *local, const char *domain,
    size_t name_len)
{
	size_t	local_size = strlen(local) + 1;
	size_t	domain_size = strlen(domain) + 1;
	char	*to = memory_resize(NULL, local_size + domain_size + name_len +
		    1, 1);

	*a = (struct address){ .local = to, .domain = to + local_size,
	    .name = to + local_size + domain_size };
	memcpy(a->local, local, local_size);
	memcpy(a->domain, domain, domain_size);
	a->name[0] = '\0';
}

void
address_make(struct address *a, const char *local, const char *domain,
    const char *name)
{
	size_t	len = strlen(name);

	store_parts(a, local, domain, len);
	memcpy(a->name, name, len + 1);
}

static const char *
text_of(const struct buffer *part)
{
	return part->len > 0 ? part->data : "";
}

/* Makes an address of the current addr-spec and the display name before it. */
static bool
make_address(struct address_parser *p, struct address *a, size_t name,
    size_t len)
{
	char	*to;

	store_parts(a, text_of(&p->local), text_of(&p->domain), len);
	a->start = p->spec_start;
	a->end = p->spec_end;
	to = a->name;
	for (size_t i = name; i < name + len; i++)
		if (p->text[i] != '\r' && p->text[i] != '\n')
			*to++ = p->text[i];
	*to = '\0';
	if (check_address(p, a))
		return true;
	address_free(a);
	return false;
}

static bool
append_address(struct address_parser *p, struct address_list *list, size_t name,
    size_t len)
{
	struct address	a;

	if (!make_address(p, &a, name, len))
		return false;
	list->address = memory_room(list->address, list->n, &list->cap,
	    sizeof(*list->address));
	list->address[list->n++] = a;
	return true;
}

static void
truncate_list(struct address_list *list, size_t n)
{
	while (list->n > n)
		address_free(&list->address[--list->n]);
}

void
address_list_free(struct address_list *list)
{
	truncate_list(list, 0);
	free(list->address);
	*list = (struct address_list){ 0 };
}

void
address_faults_free(struct address_faults *faults)
{
	free(faults->fault);
	*faults = (struct address_faults){ 0 };
}

/*
 * Lists (RFC 5322 section 3.4)
 */

/* After an address, the element must end. */
static bool
expect_delimiter(struct address_parser *p)
{
	switch (p->token) {
	case ',':
	case ';':
	case TOKEN_END:
		return true;
	case '@':
		return refuse(p, "more than one '@'");
	case '<':
		return refuse(p, "a display name that contains '@' must be "
		    "quoted");
	case '>':
		return refuse(p, "missing '<' before '>'");
	default:
		return refuse(p, "missing comma between addresses");
	}
}

static bool
parse_angle(struct address_parser *p, struct address_list *list, size_t name,
    size_t len)
{
	if (!next_token(p))
		return false;
	if (p->token == '>')
		return refuse(p, "no address between '<' and '>'");
	if ((p->token == '@' || p->token == ',') && !skip_route(p))
		return false;
	if (!parse_spec(p, "missing dot between two words"))
		return false;
	if (p->token != '>')
		return refuse(p, p->token == TOKEN_END ?
		    "missing '>' after '<'" :
		    "unexpected text between '<' and '>'");
	return append_address(p, list, name, len) && next_token(p) &&
	    expect_delimiter(p);
}

static bool
parse_bare(struct address_parser *p, struct address_list *list, size_t mark)
{
	p->at = mark;
	return next_token(p) &&
	    parse_spec(p, "a display name without an address in '<' and '>'") &&
	    append_address(p, list, mark, 0) && expect_delimiter(p);
}

static bool
begins_with(const struct address_parser *p, const char *words)
{
	size_t	len = strlen(words);

	return p->len - p->at >= len &&
	    strncasecmp(p->text + p->at, words, len) == 0;
}

/* Reads the first token of an element, or the delimiter of an empty one. */
static bool
begin_element(struct address_parser *p)
{
	p->token = TOKEN_INVALID;
	p->element = p->at;
	if (!skip_white_space(p))
		return false;
	p->element = p->at;
	if (p->where == ADDRESS_ARGUMENT) {
		if (begins_with(p, "\\"))	/* Sendmail: no alias */
			p->at++;
		if (begins_with(p, "|"))
			return refuse_unsupported(p, "mail to programs is not "
			    "supported");
		if (begins_with(p, ":include:"))
			return refuse_unsupported(p, "lists in files are not "
			    "supported");
	}
	return next_token(p);
}

/*
 * Skips a display name or an address; the token after it tells which it is.
 * *end is its end, and *at is true if it contains an '@'.  A display name must
 * not contain an '@', but many programs write "a@b <a@b>".
 */
static bool
skip_words(struct address_parser *p, size_t *end, bool *at)
{
	size_t	mark = *end;
	bool	after_at = false;

	while (p->token == TOKEN_ATOM || p->token == TOKEN_ENCODED ||
	    p->token == TOKEN_QUOTED || p->token == '.' ||
	    (p->token == '@' && *end > mark) ||
	    (p->token == TOKEN_LITERAL && after_at)) {
		after_at = p->token == '@';
		*at |= after_at;
		*end = p->end;
		if (!next_token(p))
			return false;
	}
	return true;
}

/* Parses an element up to its delimiter, or to the ':' that opens a group. */
static bool
parse_element(struct address_parser *p, struct address_list *list)
{
	size_t	mark, end;
	bool	at = false;

	if (!begin_element(p))
		return false;
	mark = end = p->start;
	if (!skip_words(p, &end, &at))
		return false;
	if (at && p->token != '<')
		return parse_bare(p, list, mark);
	switch (p->token) {
	case '<':
		return parse_angle(p, list, mark, end - mark);
	case ':':
		if (p->in_group)
			return refuse(p, "a group must not contain another "
			    "group");
		if (end == mark)
			return refuse(p, "missing group name before ':'");
		p->in_group = true;
		p->group = p->element;
		p->before_group = list->n;
		return true;
	case TOKEN_LITERAL:
		return refuse(p, "'[' is allowed only in quotes and domains");
	case '>':
		return refuse(p, "missing '<' before '>'");
	default:
		if (end == mark && p->token != '@')
			return true;
		return parse_bare(p, list, mark);
	}
}

/* Notes a fault that begins at start.  Returns false if the list is refused. */
static bool
note_fault(struct address_parser *p, size_t start)
{
	struct address_faults	*all = p->faults;

	p->fault.start = start;
	p->fault.end = trimmed_end(p, start, p->start);
	if (all == NULL)
		return false;
	all->fault = memory_room(all->fault, all->n, &all->cap,
	    sizeof(*all->fault));
	all->fault[all->n++] = p->fault;
	p->fault.reason = NULL;
	p->fault.cause = 0;
	return true;
}

/* Repairs the text of a valid element and the delimiter after it. */
static void
repair_element(struct address_parser *p, bool has_address)
{
	bool	quotes = has_address && p->in_quotes;
	bool	semicolon = p->token == ';' && !p->in_group;

	if (p->faults != NULL)
		p->faults->repairable |= quotes || semicolon;
	if (p->repair == NULL)
		return;
	if (quotes) {
		p->repair[p->spec_start] = ' ';
		p->repair[p->spec_end - 1] = ' ';
	}
	if (semicolon)
		p->repair[p->start] = ',';
}

static bool
parse_address_list(struct address_parser *p, struct address_list *list)
{
	do {
		size_t	before = list->n;

		if (!parse_element(p, list)) {
			truncate_list(list, before);
			while (p->token != ',' && p->token != ';' &&
			    p->token != TOKEN_END)
				next_token(p);
			if (!note_fault(p, p->element))
				return false;
		} else {
			repair_element(p, list->n > before);
		}
		if (list->n + (p->faults != NULL ? p->faults->n : 0) >
		    ADDRESS_LIST_MAX) {
			p->faults = NULL;
			refuse(p, "too many addresses in one list");
			return note_fault(p, p->element);
		}
		/* A semicolon outside a group is taken for a comma. */
		if (p->token == ';')
			p->in_group = false;
	} while (p->token != TOKEN_END);
	if (!p->in_group)
		return true;
	truncate_list(list, p->before_group);
	refuse(p, "missing ';' after a group");
	return note_fault(p, p->group);
}

static bool
parse_text(struct address_parser *p, struct address_list *list,
    struct failure *why)
{
	size_t	before = list->n;
	bool	good = check_octets(p) && parse_address_list(p, list);

	if (good && p->where == ADDRESS_ARGUMENT && list->n == before) {
		good = refuse(p, "no address");
		p->fault.start = 0;
		p->fault.end = trimmed_end(p, 0, p->len);
	}
	if (!good) {
		truncate_list(list, before);
		address_fault_explain(&p->fault, p->text, p->where ==
		    ADDRESS_ARGUMENT ? EX_USAGE : EX_DATAERR, why);
	}
	buffer_free(&p->local);
	buffer_free(&p->domain);
	return good;
}

bool
address_list_parse(struct address_list *list, const char *text, size_t len,
    enum address_where where, struct failure *why)
{
	struct address_parser	p = { .text = text, .len = len,
				    .where = where };

	return parse_text(&p, list, why);
}

bool
address_list_parse_lenient(struct address_list *list,
    struct address_faults *faults, const char *text, size_t len,
    struct failure *why)
{
	struct address_parser	p = { .text = text, .len = len,
				    .faults = faults };

	return parse_text(&p, list, why);
}

void
address_list_repair(struct address_list *list, char *text, size_t len)
{
	struct address_faults	faults = { 0 };
	struct address_parser		p = { .text = text, .len = len,
				    .faults = &faults, .repair = text };
	struct failure		ignored;

	parse_text(&p, list, &ignored);
	address_faults_free(&faults);
}

bool
address_list_is_empty(const char *text, size_t len)
{
	struct address_parser	p = { .text = text, .len = len };

	do
		if (!next_token(&p))
			return false;
	while (p.token == ',' || p.token == ';');
	return p.token == TOKEN_END;
}

bool
address_parse_path(struct address *a, const char *text, size_t len,
    struct failure *why)
{
	struct address_parser	p = {
		.text = text, .len = len, .is_path = true,
		.fault = { .end = len },
	};
	bool		good;

	*a = (struct address){ 0 };
	if (len == 0) {
		address_make(a, "", "", "");
		return true;
	}
	good = check_octets(&p) && next_token(&p) &&
	    (p.token != '@' || skip_route(&p)) &&
	    parse_spec(&p, "missing dot between two words") &&
	    (p.token == TOKEN_END || refuse(&p, "more than one address")) &&
	    make_address(&p, a, 0, 0);
	if (!good)
		address_fault_explain(&p.fault, text, EX_DATAERR, why);
	buffer_free(&p.local);
	buffer_free(&p.domain);
	return good;
}
