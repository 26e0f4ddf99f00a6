/*
 * Secrets that a server repeats in its reply are masked in every form.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "smtp/secrets.h"
#include "support/cases.h"
#include "util/memory.h"

/* The password of user nina, and the initial response of PLAIN. */
#define SECRET	"Tr0ub4dor&3-secret"
#define PLAIN	"AG5pbmEAVHIwdWI0ZG9yJjMtc2VjcmV0"

struct masking {
	const char	*sentence;
	const char	*secret;	/* NULL: SECRET */
	const char	*sent;		/* NULL: PLAIN */
	const char	*text;
	const char	*want;		/* NULL: the text itself */
};

static const struct masking cases[] = {
	{ "the line that was sent", NULL, NULL,
	    "500 5.5.1 unrecognized: \"AUTH PLAIN " PLAIN "\"",
	    "500 5.5.1 unrecognized: \"AUTH PLAIN ****\"" },
	{ "the first part of the line", NULL, NULL, "what is AG5pbmEAVHIwdWI0?",
	    "what is ****?" },
	{ "the last part of the line", NULL, NULL, "what is ZG9yJjMtc2VjcmV0?",
	    "what is ****?" },
	{ "the middle of the line", NULL, NULL, "what is dWI0ZG9yJjM?",
	    "what is ****?" },
	{ "parts of the line, separated by blanks", NULL, NULL,
	    "AG5pbmEAVHIw dWI0ZG9yJjMt c2VjcmV0",
	    "**** **** ****" },
	{ "the line in upper case", NULL, NULL,
	    "AUTH PLAIN AG5PBMEAVHIWDWI0ZG9YJJMTC2VJCMV0",
	    "AUTH PLAIN ****" },
	{ "the line in standard base64 instead of URL-safe base64", "x", "AHg-P_8_Pz8",
	    "no AHg+P/8/Pz8", "no ****" },
	{ "the password in clear text", NULL, NULL, "no password " SECRET " here",
	    "no password **** here" },
	{ "a part of the password in clear text", NULL, NULL, "no password Tr0ub4...",
	    "no password ****..." },
	{ "the password in base64", NULL, NULL, "VHIwdWI0ZG9yJjMtc2VjcmV0",
	    "****" },
	/*
	 * "u:", "user:", "us:" or ":" before SECRET, and "!" after it.  A
	 * character of base64 that encodes a part of these is not masked.
	 */
	{ "the password in base64, after two octets", NULL, NULL,
	    "dTpUcjB1YjRkb3ImMy1zZWNyZXQh", "dTp****Qh" },
	{ "the password in base64, after five octets", NULL, NULL,
	    "dXNlcjpUcjB1YjRkb3ImMy1zZWNyZXQh", "dXNlcjp****Qh" },
	{ "the password in base64, after three octets", NULL, NULL,
	    "dXM6VHIwdWI0ZG9yJjMtc2VjcmV0IQ==", "dXM6****IQ==" },
	{ "the password in base64, after one octet", NULL, NULL,
	    "OlRyMHViNGRvciYzLXNlY3JldCE=", "Ol****CE=" },
	{ "the password in hexadecimal", NULL, NULL,
	    "<54723075623464 6f7226332d736563726574>", "<**** ****>" },
	{ "the password, percent-encoded where necessary", NULL, NULL,
	    "?p=Tr0ub4dor%263-secret&x", "?p=****&x" },
	{ "the password, percent-encoded completely", NULL, NULL,
	    "%54%72%30%75%62%34%64%6F%72%26%33%2D%73%65%63%72%65%74",
	    "****" },
	{ "the password in quoted-printable", NULL, NULL, "Tr0ub4dor=263-secret=20",
	    "****=20" },
	{ "a password that contains characters to escape",
	    "a\001b\\c\377d\303\274", NULL,
	    "no a\\001b\\\\c\\377d\303\274, a%01b%5Cc%ffd%C3%BC",
	    "no ****, ****" },
	{ "a short password is masked as a word", "ab", NULL, "no ab: about Ab",
	    "no ****: about ****" },
	{ "a password of one octet is masked as a word", "2", NULL,
	    "2 of 12 are \"2\"",
	    "**** of 12 are \"****\"" },
	{ "a password of four octets is masked within a word", "abcd", NULL, "xabcdx",
	    "x****x" },
	{ "a short password in base64, as it was sent", "ab", "AG5pbmEAYWI=",
	    "no AG5pbmEAYWI=", "no ****" },
	{ "the user name is not masked", NULL, NULL,
	    "535 5.7.8 authentication failed for nina@example.org", NULL },
	{ "commands and mechanisms are not masked", NULL, NULL,
	    "504 AUTH PLAIN is not offered",
	    NULL },
	{ "five octets of a secret are not masked", NULL, NULL, "Tr0ub AG5pb", NULL },
	{ "escaped NULs and LFs are not masked", "x", "Cg==",
	    "%00%0A%00%0A%00%00%00%00%00%00%00%00 \\000\\012", NULL },
	{ "invalid escapes are not decoded", NULL, NULL, "100% =G0 \\9 \\", NULL },
	{ "an empty text", NULL, NULL, "", NULL },
	{ "an empty secret", "", "", "nothing to hide", NULL },
};

static void
masks(void **state)
{
	const struct masking	*c = *state;
	struct secrets		 s = { .forms = { 0 } };
	char			 text[256];

	secrets_add(&s, c->secret != NULL ? c->secret : SECRET);
	secrets_add_sent(&s, c->sent != NULL ? c->sent : PLAIN);
	strlcpy(text, c->text, sizeof(text));
	secrets_mask(&s, text, sizeof(text));
	assert_string_equal(text, c->want != NULL ? c->want : c->text);
	secrets_free(&s);
}

static void
every_part_of_six_octets_is_masked(void **state)
{
	struct secrets	s = { .forms = { 0 } };
	char		text[16];

	(void)state;
	secrets_add(&s, SECRET);
	secrets_add_sent(&s, PLAIN);
	for (size_t i = 0; i + 6 <= strlen(PLAIN); i++) {
		memcpy(text, &PLAIN[i], 6);
		text[6] = '\0';
		secrets_mask(&s, text, sizeof(text));
		assert_string_equal(text, "****");
	}
	secrets_free(&s);
}

static void
without_a_secret_nothing_is_masked(void **state)
{
	struct secrets	s = { .forms = { 0 } };
	char		text[] = SECRET;

	(void)state;
	secrets_mask(&s, text, sizeof(text));
	assert_string_equal(text, SECRET);
}

static void
a_text_that_gets_too_long_is_truncated(void **state)
{
	struct secrets	s = { .forms = { 0 } };
	char		text[8] = "ab, ab!";

	(void)state;
	secrets_add(&s, "ab");
	secrets_mask(&s, text, sizeof(text));
	assert_string_equal(text, "****, *");
	secrets_free(&s);
}

static void
a_long_token_and_a_long_text_take_little_time(void **state)
{
	struct secrets	 s = { .forms = { 0 } };
	char		*token = memory_new(4001, 1);
	char		*text = memory_new(50001, 1);

	(void)state;
	for (size_t i = 0; i < 4000; i++)
		token[i] = (char)('a' + i * i % 26);
	for (size_t i = 0; i < 50000; i++)
		text[i] = (char)('a' + i % 26);
	secrets_add(&s, token);
	secrets_mask(&s, text, 50001);
	assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz"), 50000);
	secrets_free(&s);
	free(token);
	free(text);
}

/* The server chooses a part of what we send (SCRAM), and the text. */
static void
a_text_full_of_parts_takes_little_time(void **state)
{
	struct secrets	 s = { .forms = { 0 } };
	char		*sent = memory_new(12001, 1);
	char		*text = memory_new(12001, 1);
	clock_t		 begin = clock();

	(void)state;
	for (size_t i = 0; i < 12000; i++)
		text[i] = sent[i] = "QUFB"[i % 4];
	secrets_add_sent(&s, sent);
	secrets_mask(&s, text, 12001);
	assert_string_equal(text, "****");
	for (size_t i = 0; i < 12000; i++)
		text[i] = i % 6 < 5 ? "QUFB"[i % 4] : '!';
	secrets_mask(&s, text, 12001);
	assert_int_equal(strlen(text), 12000);
	assert_in_range((clock() - begin) / CLOCKS_PER_SEC, 0, 20);
	secrets_free(&s);
	free(sent);
	free(text);
}

static void
no_copy_of_a_secret_is_kept(void **state)
{
	struct secrets	s = { .forms = { 0 } };

	(void)state;
	secrets_add(&s, "aaaaaaaa");
	assert_null(memmem(s.forms.data, s.forms.len, "aaaaaaaa", 8));
	assert_null(memmem(s.pad.data, s.pad.len, "aaaaaaaa", 8));
	secrets_free(&s);
}

int
main(void)
{
	const struct CMUnitTest	spec[] = {
		cmocka_unit_test(every_part_of_six_octets_is_masked),
		cmocka_unit_test(without_a_secret_nothing_is_masked),
		cmocka_unit_test(a_text_that_gets_too_long_is_truncated),
		cmocka_unit_test(a_long_token_and_a_long_text_take_little_time),
		cmocka_unit_test(a_text_full_of_parts_takes_little_time),
		cmocka_unit_test(no_copy_of_a_secret_is_kept),
	};

	return CASES_RUN("secrets", masks, cases) +
	    cmocka_run_group_tests(spec, NULL, NULL);
}
