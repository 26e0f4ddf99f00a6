#include "config/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/keys.h"
#include "config/section.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/visible.h"

struct parser {
	struct parse_target		*target;
	const struct config_text_file	*file;
	struct section			*section;	/* of this line */
	unsigned			 number;	/* of this line */
	struct buffer			 origin;	/* "path:number" */
	size_t				 prefix;	/* length of "path:" */
};

/* A part of the text, not terminated by NUL. */
struct span {
	const char	*at;
	const char	*end;
};

static struct span
span_trim(struct span s)
{
	while (s.at < s.end && text_is_blank(*s.at))
		s.at++;
	while (s.end > s.at && text_is_blank(s.end[-1]))
		s.end--;
	return s;
}

static size_t
span_length(struct span s)
{
	return (size_t)(s.end - s.at);
}

/*
 * Returns "path:number" of this line.  Converting the number with printf(3)
 * would take most of the time of the parser.
 */
static const char *
line_origin(struct parser *p)
{
	char		 digits[3 * sizeof(p->number) + 1];
	char		*at = digits + sizeof(digits) - 1;
	unsigned	 n = p->number;

	*at = '\0';
	do {
		*--at = (char)('0' + n % 10);
	} while ((n /= 10) > 0);
	p->origin.len = p->prefix;
	buffer_add_text(&p->origin, at);
	return p->origin.data;
}

static bool
section_kind_of(struct span word, enum section_kind *kind)
{
	static const enum section_kind kinds[] = {
		SECTION_FROM, SECTION_TO, SECTION_USER,
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char	*name = section_name(kinds[i]);

		if (span_length(word) == strlen(name) &&
		    memcmp(word.at, name, strlen(name)) == 0) {
			*kind = kinds[i];
			return true;
		}
	}
	return false;
}

/* [from *@work.example] */
static bool
parse_section(struct parser *p, struct span line, struct failure *why)
{
	struct span		word, pattern;
	enum section_kind	kind;
	bool			good;

	if (line.end[-1] != ']')
		return failed(why, EX_CONFIG, "the closing ] of the section "
		    "is missing");
	line.end--;
	word = span_trim((struct span){ line.at + 1, line.end });
	pattern = word;
	while (pattern.at < line.end && !text_is_blank(*pattern.at))
		pattern.at++;
	word.end = pattern.at;
	pattern = span_trim(pattern);
	if (!section_kind_of(word, &kind))
		return failed(why, EX_CONFIG, "unknown section; expected "
		    "[from PATTERN], [to PATTERN] or [user PATTERN]");
	good = pattern.at < pattern.end;
	for (const char *c = pattern.at; c < pattern.end; c++)
		good = good && (unsigned char)*c > ' ' && *c != ',' &&
		    *c != 127;
	if (!good)
		return failed(why, EX_CONFIG, "invalid pattern in the "
		    "section; expected one word, for example [%s %s]",
		    section_name(kind),
		    kind == SECTION_USER ? "www-data" : "*@example.org");
	if (++p->target->sections > CONFIG_SECTIONS_MAX)
		return failed(why, EX_CONFIG, "too many sections (at most %d)",
		    CONFIG_SECTIONS_MAX);
	p->section = section_insert(p->target->tail, kind);
	p->target->tail = &p->section->next;
	p->section->pattern = memory_copy_n(pattern.at, span_length(pattern));
	p->section->origin = memory_copy(line_origin(p));
	return true;
}

static bool
parse_include(struct parser *p, struct span value, struct failure *why)
{
	char	*pattern;
	bool	 good;

	if (section_name(p->section->kind) != NULL)
		return failed(why, EX_CONFIG, "include is not allowed in "
		    "a section; put it at the top of the file");
	if (value.at == value.end)
		return failed(why, EX_CONFIG, "include: the value is missing");
	if (memchr(value.at, '\0', span_length(value)) != NULL)
		return failed(why, EX_CONFIG, "include: the value contains a "
		    "NUL character");
	pattern = memory_copy_n(value.at, span_length(value));
	good = p->target->include(p->target, p->file, pattern, why);
	free(pattern);
	return good;
}

/* The line is not shown, because it may be a misplaced password. */
static bool
fail_without_equals(struct span line, struct failure *why)
{
	const char	*end = line.at;
	const char	*near;

	while (end < line.end && !text_is_blank(*end) && *end != ':')
		end++;
	near = key_nearest(line.at, (size_t)(end - line.at));
	failed(why, EX_CONFIG, "the line has no equals sign; expected key = "
	    "value");
	if (near != NULL)
		failure_suffix(why, "; did you mean %s = ...?", near);
	return false;
}

static bool
parse_setting(struct parser *p, struct span line, struct failure *why)
{
	const char	*equals = memchr(line.at, '=', span_length(line));
	enum config_key	 key;
	struct span	 name;
	struct span	 value;

	if (equals == NULL)
		return fail_without_equals(line, why);
	name = span_trim((struct span){ line.at, equals });
	value = span_trim((struct span){ equals + 1, line.end });
	if (!key_find(name.at, span_length(name), &key))
		return key_unknown(name.at, span_length(name), why);
	if (key == KEY_INCLUDE)
		return parse_include(p, value, why);
	if (p->file->shared && config_is_secret(key))
		return failed(why, EX_CONFIG, "%s: other users can read this "
		    "file; run: chmod o-rwx %s, or use password_file",
		    config_key_name(key), p->file->path);
	return section_set(p->section, key, value.at, span_length(value),
	    line_origin(p), why);
}

static bool
parse_line(struct parser *p, struct span line, struct failure *why)
{
	if (line.at < line.end && line.end[-1] == '\r')
		line.end--;
	line = span_trim(line);
	if (line.at == line.end || *line.at == '#')
		return true;
	if (*line.at == '[')
		return parse_section(p, line, why);
	return parse_setting(p, line, why);
}

static bool
parse_lines(struct parser *p, struct failure *why)
{
	const char	*at = p->file->text;
	const char	*end = at + p->file->len;

	/* Some editors write a byte order mark. */
	if (end - at >= 3 && memcmp(at, "\357\273\277", 3) == 0)
		at += 3;
	while (at < end) {
		const char	*nl = memchr(at, '\n', (size_t)(end - at));
		const char	*stop = nl != NULL ? nl : end;

		p->number++;
		if (memchr(at, '\0', (size_t)(stop - at)) != NULL)
			failed(why, EX_CONFIG, "the line contains a NUL "
			    "character");
		else if (parse_line(p, (struct span){ at, stop }, why)) {
			at = stop + 1;
			continue;
		}
		return failure_prefix(why, "%s: ", line_origin(p));
	}
	return true;
}

bool
parse_text(struct parse_target *target, const struct config_text_file *file,
    struct failure *why)
{
	struct parser	p = {
		.target = target, .file = file, .section = target->top,
	};
	bool		good;

	buffer_add_text(&p.origin, file->path);
	buffer_add_byte(&p.origin, ':');
	p.prefix = p.origin.len;
	good = file->len == 0 || parse_lines(&p, why);
	buffer_free(&p.origin);
	return good;
}
