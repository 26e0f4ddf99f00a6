/*
 * Preparation of messages: senders, recipients and header fields.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/rewrite.h"
#include "submit/prepare.h"
#include "submit/sender.h"
#include "support/temp_dir.h"
#include "util/memory.h"

/* This machine is web1 in example.org, and www-data sends. */
static const struct identity me = { .host = (char []){ "web1" },
	.domain = (char []){ "example.org" }, .user = (char []){ "www-data" },
	.name = (char []){ "Web" } };

struct row {
	const char	*conf;
	const char	*aliases;
	const char	*said;		/* reverse-path, or NULL */
	const char	*to[5];		/* forward-paths */
	const char	*header;	/* fields, separated by | */
	bool		 from_header;

	/* "<reverse> forward forward", failed ones after a "-" */
	const char	*envelope;
	const char	*fields;	/* all but Date and Message-ID */
	int		 status;	/* if nothing can be sent, and */
	const char	*word;		/* part of the reason */
};

struct stage {
	struct temp_dir	 dir;
	struct config	 config;
	struct local_names local_names;
	struct envelope	 envelope;
	struct message	 message;
	struct outcome	*outcomes;
	struct failure	 why;
	struct expand_map	 map;
};

static void
read_message(struct message *m, const char *fields)
{
	struct buffer	text = { 0 };
	struct failure	why;

	for (; *fields != '\0'; fields++)
		buffer_add_byte(&text, *fields == '|' ? '\n' : *fields);
	if (text.len > 0)
		buffer_add_byte(&text, '\n');
	buffer_add_text(&text, "Date: today\nMessage-ID: <1@x>\n\nbody\n");
	message_begin(m, &(struct message_limits){ .size_max = 0 });
	assert_true(message_feed(m, text.data, text.len, &why));
	assert_true(message_end(m, &why));
	buffer_free(&text);
}

static void
open_stage(struct stage *s, const char *lines, const char *aliases)
{
	struct buffer		conf = { 0 };
	struct config_source	source;

	*s = (struct stage){ .outcomes = NULL };
	temp_dir_make(&s->dir);
	buffer_addf(&conf, "aliases = %s\nsmarthost = smtp://localhost\n%s",
	    temp_dir_write(&s->dir, "aliases", 0600,
	    aliases != NULL ? aliases : ""), lines);
	source = (struct config_source){ .file = temp_dir_write(&s->dir,
	    "relais.conf", 0600, conf.data) };
	if (!config_load(&s->config, &source, &s->why))
		fail_msg("%s", s->why.text);
	local_names_begin(&s->local_names, &s->config, &me);
	buffer_free(&conf);
}

static void
close_stage(struct stage *s)
{
	outcome_list_free(s->outcomes, s->envelope.n);
	expand_map_free(&s->map);
	envelope_free(&s->envelope);
	message_free(&s->message);
	local_names_end(&s->local_names);
	config_free(&s->config);
	temp_dir_remove(&s->dir);
}

static bool
run(struct stage *s, const char *said, const char *const *to,
    const char *header, bool from_header)
{
	struct prepare_options	p = { .config = &s->config, .me = &me,
				    .local_names = &s->local_names,
				    .from_header = from_header,
				    .map = &s->map };

	if (from_header)
		p.map = NULL;
	if (said != NULL)
		envelope_set_reverse(&s->envelope, said);
	for (size_t i = 0; i < 5 && to[i] != NULL; i++)
		envelope_add(&s->envelope, to[i]);
	read_message(&s->message, header);
	return prepare_message(&p, &s->envelope, &s->message, &s->outcomes,
	    &s->why);
}

static void
assert_envelope(const struct stage *s, const char *want)
{
	struct buffer	got = { 0 };

	buffer_addf(&got, "<%s>", s->envelope.reverse_path);
	for (size_t i = 0; i < s->envelope.n; i++)
		buffer_addf(&got, " %s%s",
		    s->outcomes[i].kind == OUTCOME_FAILED ? "-" : "",
		    s->envelope.forward[i].path);
	assert_string_equal(got.data, want);
	buffer_free(&got);
}

static void
assert_fields(const struct header *h, const char *want)
{
	struct buffer	got = { 0 };

	for (size_t i = 0; i < h->n; i++) {
		const struct field	*f = &h->field[i];

		if (field_is(f, "Date") || field_is(f, "Message-ID") ||
		    field_is(f, "Resent-Date") ||
		    field_is(f, "Resent-Message-ID"))
			continue;
		buffer_addf(&got, "%s%.*s", got.len > 0 ? "|" : "",
		    (int)f->len - 2, f->text);
	}
	assert_string_equal(got.data, want);
	buffer_free(&got);
}

static void
is_prepared(void **state)
{
	const struct row	*row = *state;
	struct stage		 s;
	bool			 good;

	open_stage(&s, row->conf != NULL ? row->conf : "", row->aliases);
	good = run(&s, row->said, row->to, row->header != NULL ? row->header :
	    "From: a@x|To: b@x", row->from_header);
	if (row->status != 0) {
		assert_false(good);
		assert_int_equal(s.why.status, row->status);
		if (strstr(s.why.text, row->word) == NULL)
			fail_msg("no \"%s\" in: %s", row->word, s.why.text);
	} else {
		if (!good)
			fail_msg("%s", s.why.text);
		if (row->envelope != NULL)
			assert_envelope(&s, row->envelope);
		if (row->fields != NULL)
			assert_fields(&s.message.header, row->fields);
	}
	close_stage(&s);
}

#define ROW(sentence, ...) { sentence, is_prepared, NULL, NULL, \
	&(struct row){ __VA_ARGS__ } }

#define FROM	"from = from@provider.example\n"
#define ALWAYS	FROM "from_mode = always\n"
#define NEVER	FROM "from_mode = never\n"
#define ROOT	"root = admin@example.net\n"

/* As with sssd(8) and winbindd(8).  Other text is a local part. */
static void
the_name_of_a_user_can_be_an_address(void **state)
{
	static const struct { char name[20], want[40]; } users[] = {
		{ "kim@corp.example", "kim@corp.example" },
		{ "CORP\\kim", "\"CORP\\\\kim\"@example.org" },
		{ "kim@", "\"kim@\"@example.org" },
		{ "@corp.example", "\"@corp.example\"@example.org" },
		{ "a b@corp.example", "\"a b@corp.example\"@example.org" },
	};
	struct stage		s;
	struct sender		sender;
	const struct config_subject subject = { .user = NULL };

	(void)state;
	open_stage(&s, "", NULL);
	sender_begin(&sender, &s.config, &subject, &s.local_names);
	for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
		char	*path = sender_path(&sender, NULL, users[i].name);

		assert_string_equal(path, users[i].want);
		assert_int_equal(sender.path_rule, i == 0 ? SENDER_USER_NAME :
		    SENDER_USER);
		free(path);
	}
	close_stage(&s);
}

static const struct CMUnitTest sender_spec[] = {
	/* local, the default */
	ROW("without a given sender, the user at the domain is the sender",
	    .to = { "b@x" }, .envelope = "<www-data@example.org> b@x"),
	cmocka_unit_test(the_name_of_a_user_can_be_an_address),
	ROW("without a given sender, from is the sender if it is set",
	    .conf = FROM, .to = { "b@x" },
	    .envelope = "<from@provider.example> b@x"),
	ROW("a foreign sender stays",
	    .conf = FROM, .said = "a@x", .to = { "b@x" },
	    .envelope = "<a@x> b@x"),
	ROW("a bare sender becomes from",
	    .conf = FROM, .said = "root", .to = { "b@x" },
	    .envelope = "<from@provider.example> b@x"),
	ROW("a sender at this host becomes from",
	    .conf = FROM, .said = "root@web1.example.org", .to = { "b@x" },
	    .envelope = "<from@provider.example> b@x"),
	ROW("a sender at localhost becomes from",
	    .conf = FROM, .said = "root@localhost", .to = { "b@x" },
	    .envelope = "<from@provider.example> b@x"),
	ROW("a sender at the domain stays",
	    .conf = FROM, .said = "info@example.org", .to = { "b@x" },
	    .envelope = "<info@example.org> b@x"),
	ROW("the null sender stays null",
	    .conf = FROM "null_sender = n@x\n", .said = "", .to = { "b@x" },
	    .envelope = "<> b@x"),
	ROW("without from, a bare sender gets the domain",
	    .said = "root", .to = { "b@x" },
	    .envelope = "<root@example.org> b@x"),
	ROW("without from, a sender at localhost gets the domain",
	    .said = "root@localhost", .to = { "b@x" },
	    .envelope = "<root@example.org> b@x"),
	ROW("without from, a sender at this host's full name stays",
	    .said = "root@web1.example.org", .to = { "b@x" },
	    .envelope = "<root@web1.example.org> b@x"),
	ROW("local addresses in From and Sender become from",
	    .conf = FROM, .to = { "b@x" },
	    .header = "From: Web <www-data@web1>|Sender: root|To: b@x",
	    .fields = "From: Web <from@provider.example>|"
	    "Sender: from@provider.example|To: b@x"),
	ROW("the name in cron's From field stays",
	    .conf = FROM, .to = { "b@x" },
	    .header = "From: root (Cron Daemon)|To: b@x",
	    .fields = "From: from@provider.example (Cron Daemon)|To: b@x"),
	ROW("the name in cron's other From field stays",
	    .conf = FROM, .to = { "b@x" },
	    .header = "From: \"(Cron Daemon)\" <root>|To: b@x",
	    .fields = "From: \"(Cron Daemon)\" <from@provider.example>|"
	    "To: b@x"),
	ROW("senders on other machines stay unchanged, octet by octet",
	    .conf = FROM, .to = { "b@x" },
	    .header = "from :  A  <A@X>\t(c) , root|To: b@x",
	    .fields = "from :  A  <A@X>\t(c) , from@provider.example|To: b@x"),
	ROW("a From that cannot be parsed stays unchanged",
	    .conf = FROM, .to = { "b@x" },
	    .header = "From: root root root|To: b@x",
	    .fields = "From: root root root|To: b@x"),
	ROW("valid addresses in an invalid From field are rewritten",
	    .conf = FROM, .to = { "b@x" },
	    .header = "From: root root, root|To: b@x",
	    .fields = "From: root root, from@provider.example|To: b@x"),
	ROW("an empty From field is replaced",
	    .conf = FROM, .to = { "b@x" },
	    .header = "From:|Sender: |To: b@x",
	    .fields = "To: b@x|From: Web <from@provider.example>"),
	ROW("a From field with only commas and comments is replaced",
	    .conf = FROM, .to = { "b@x" },
	    .header = "From: ,(nobody),|Sender: |Resent-Sender:,|To: b@x",
	    .fields = "To: b@x|From: Web <from@provider.example>"),
	ROW("a group in From stays (RFC 6854)",
	    .conf = FROM, .to = { "b@x" },
	    .header = "From: Night Robot:;|Sender: None:;|To: b@x",
	    .fields = "From: Night Robot:;|Sender: None:;|To: b@x"),
	ROW("an added From field has the sender's address",
	    .conf = FROM, .said = "a@x", .to = { "b@x" },
	    .header = "To: b@x",
	    .fields = "To: b@x|From: Web <a@x>"),
	ROW("the From field of a bounce has the address in from",
	    .conf = FROM, .said = "", .to = { "b@x" }, .header = "To: b@x",
	    .fields = "To: b@x|From: from@provider.example"),
	ROW("without from, the From field of a bounce names MAILER-DAEMON",
	    .said = "", .to = { "b@x" }, .header = "To: b@x",
	    .fields = "To: b@x|From: MAILER-DAEMON@example.org"),
	ROW("local addresses in Resent- fields become from",
	    .conf = FROM, .to = { "b@x" },
	    .header = "Resent-From: root|Resent-Sender: c@x|From: a@x|To: b@x",
	    .fields = "Resent-From: from@provider.example|"
	    "Resent-Sender: c@x|From: a@x|To: b@x"),

	/* never */
	ROW("from_mode = never keeps a local sender",
	    .conf = NEVER, .said = "root@web1", .to = { "b@x" },
	    .header = "From: root@localhost|To: b@x",
	    .envelope = "<root@web1> b@x",
	    .fields = "From: root@localhost|To: b@x"),
	ROW("from_mode = never adds the domain to a bare name",
	    .conf = NEVER, .said = "root", .to = { "b@x" },
	    .header = "From: root|To: b@x",
	    .envelope = "<root@example.org> b@x",
	    .fields = "From: root@example.org|To: b@x"),
	ROW("from_mode = never uses from if no sender is given",
	    .conf = NEVER, .to = { "b@x" },
	    .envelope = "<from@provider.example> b@x"),

	/* always */
	ROW("from_mode = always replaces a foreign sender",
	    .conf = ALWAYS, .said = "a@x", .to = { "b@x" },
	    .envelope = "<from@provider.example> b@x"),
	ROW("from_mode = always keeps the null sender",
	    .conf = ALWAYS, .said = "", .to = { "b@x" },
	    .envelope = "<> b@x"),
	ROW("from_mode = always keeps the name and adds Reply-To",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: \"A, B\" <a@x>|To: b@x",
	    .fields = "From: \"A, B\" <from@provider.example>|To: b@x|"
	    "Reply-To: \"A, B\" <a@x>"),
	ROW("from_mode = always keeps an existing Reply-To field",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: a@x|To: b@x|Reply-To: c@x",
	    .fields = "From: from@provider.example|To: b@x|Reply-To: c@x"),
	ROW("from_mode = always adds no Reply-To if header_set adds one",
	    .conf = ALWAYS "header_set = Reply-To: d@x\n", .to = { "b@x" },
	    .header = "From: a@x|To: b@x",
	    .fields = "From: from@provider.example|To: b@x|Reply-To: d@x"),
	ROW("from_mode = always adds no Reply-To for a local address",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: root (Cron)|To: b@x",
	    .fields = "From: from@provider.example (Cron)|To: b@x"),
	ROW("from_mode = always adds no Reply-To for the address in from",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: From@Provider.example|To: b@x",
	    .fields = "From: from@provider.example|To: b@x"),
	ROW("several senders become one, and Reply-To has all senders",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: A <a@x>, c@x, root|Sender: c@x|To: b@x",
	    .fields = "From: A <from@provider.example>|"
	    "Sender: from@provider.example|To: b@x|"
	    "Reply-To: A <a@x>,\r\n c@x"),
	ROW("a From that cannot be parsed is replaced",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: a@x b@y|To: b@x",
	    .fields = "From: <from@provider.example>|To: b@x"),
	ROW("an invalid From field keeps its name, and Reply-To is added",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: [Shop] Orders <orders@shop.example>|To: b@x",
	    .fields = "From: \"[Shop] Orders\" <from@provider.example>|To: b@x|"
	    "Reply-To: \"[Shop] Orders\" <orders@shop.example>"),
	ROW("a From field with unbalanced comments and brackets is replaced",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: Support (Email\r\n\t< a@x|"
	    "Sender: \"A\" B\\, <c@x> [C] <root@web1>|To: b@x",
	    .fields = "From: \"Support (Email\" <from@provider.example>|"
	    "Sender: \"A B, <c@x> [C]\" <from@provider.example>|To: b@x|"
	    "Reply-To: \"Support (Email\" <a@x>"),
	ROW("encoded words and 8-bit text in an invalid From field are kept",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: [=?utf-8?q?L=C3=A9e?=\r\n =?utf-8?q?a?=] "
	    "L\303\251a (< a@x >|To: b@x",
	    .fields = "From: \"[\" =?utf-8?q?L=C3=A9e?= =?utf-8?q?a?= "
	    "\"] L\303\251a (\" <from@provider.example>|To: b@x|"
	    "Reply-To: \"[\" =?utf-8?q?L=C3=A9e?= =?utf-8?q?a?= "
	    "\"] L\303\251a (\" <a@x>"),
	ROW("the text of a From field without an address is the name",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: root root root|To: b@x",
	    .fields = "From: \"root root root\" <from@provider.example>|"
	    "To: b@x"),
	ROW("the name of a group becomes the name in From",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: Night Robot:;|To: b@x",
	    .fields = "From: \"Night Robot\" <from@provider.example>|To: b@x"),
	ROW("an address among invalid text goes to Reply-To",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "From: A <a@x>, b c, <d@x> e|To: b@x",
	    .fields = "From: A <from@provider.example>|To: b@x|"
	    "Reply-To: A <a@x>"),
	ROW("a second From and Sender are removed",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "X-A: 1|From: a@x|from: c@x|Sender: d@x|To: b@x|"
	    "FROM : e@x|Sender: f@x|X-B: 2",
	    .fields = "X-A: 1|From: from@provider.example|"
	    "Sender: from@provider.example|To: b@x|X-B: 2|Reply-To: a@x"),
	ROW("every Resent-From and Resent-Sender becomes from",
	    .conf = ALWAYS, .to = { "b@x" },
	    .header = "Resent-From: R <r@x>|Resent-From: q@x, p@x|"
	    "Resent-Sender: o@x|From: a@x|To: b@x|Reply-To: c@x",
	    .fields = "Resent-From: R <from@provider.example>|"
	    "Resent-From: <from@provider.example>|"
	    "Resent-Sender: from@provider.example|"
	    "From: from@provider.example|To: b@x|Reply-To: c@x"),
	ROW("an added Resent-From field has the address in from",
	    .conf = ALWAYS, .said = "a@x", .to = { "b@x" },
	    .header = "Resent-To: b@x|From: from@provider.example|To: c@x",
	    .fields = "Resent-From: Web <from@provider.example>|"
	    "Resent-To: b@x|From: from@provider.example|To: c@x"),
	ROW("from_mode = always sets the From field of a bounce",
	    .conf = ALWAYS, .said = "", .to = { "b@x" }, .header = "To: b@x",
	    .fields = "To: b@x|From: from@provider.example"),

	/* sections */
	ROW("the given sender selects the section [from]",
	    .conf = ALWAYS "[from *@shop.example]\nfrom = shop@p.example\n",
	    .said = "me@shop.example", .to = { "b@x" },
	    .envelope = "<shop@p.example> b@x"),
	ROW("a bare sender with our domain selects the section [from]",
	    .conf = "[from root@example.org]\nfrom = r@p.example\n",
	    .said = "root", .to = { "b@x" }, .envelope = "<r@p.example> b@x"),
	ROW("the user selects the section [user]",
	    .conf = FROM "[user www-*]\nfrom = web@p.example\n",
	    .to = { "b@x" }, .envelope = "<web@p.example> b@x"),
	ROW("a section of another user does not apply",
	    .conf = FROM "[user nina]\nfrom = web@p.example\n",
	    .to = { "b@x" }, .envelope = "<from@provider.example> b@x"),
};

static const struct CMUnitTest recipient_spec[] = {
	ROW("recipients on other machines stay, without duplicates",
	    .said = "a@x", .to = { "b@x", "c@x", "b@X" },
	    .envelope = "<a@x> b@x c@x"),
	ROW("mail to a local name goes to root",
	    .conf = ROOT, .said = "a@x", .to = { "www-data", "joe@localhost" },
	    .envelope = "<a@x> admin@example.net"),
	ROW("mail to a local name with an alias goes to the addresses of the "
	    "alias",
	    .conf = ROOT, .aliases = "ops: b@x, c@x\nroot: ops\n",
	    .said = "a@x", .to = { "root@web1", "c@x", "joe" },
	    .envelope = "<a@x> b@x c@x admin@example.net"),
	ROW("without root, mail to a local name goes to the same name at "
	    "domain",
	    .conf = "domain = example.org\n", .aliases = "ops: b@x\n",
	    .said = "a@x", .to = { "ops", "www-data", "joe@localhost" },
	    .header = "From: a@x|To: www-data|Cc: joe@web1, ops",
	    .envelope = "<a@x> b@x www-data@example.org joe@example.org",
	    .fields = "From: a@x|To: www-data@example.org|"
	    "Cc: joe@example.org, b@x"),
	ROW("mail to a local name does not go to a domain that is not set",
	    .said = "a@x", .to = { "www-data" }, .status = EX_NOUSER,
	    .word = "no address for the local name www-data"),
	ROW("mail to a local name does not go to domain = localhost",
	    .conf = "domain = localhost\n", .said = "a@x",
	    .to = { "www-data" }, .status = EX_NOUSER,
	    .word = "no address for the local name www-data"),
	ROW("root overrides domain for local names",
	    .conf = ROOT "domain = example.org\n", .said = "a@x",
	    .to = { "www-data" }, .envelope = "<a@x> admin@example.net"),
	ROW("with root = *@domain, each local name has its own address there",
	    .conf = "root = *@y.example\ndomain = example.org\n",
	    .aliases = "ops: b@x, kim\n", .said = "a@x",
	    .to = { "ops", "www-data", "Joe+x@localhost", "root@web1" },
	    .header = "From: root|To: www-data (Web)|Cc: Joe+x@web1, ops|"
	    "Reply-To: <postmaster>",
	    .envelope = "<a@x> b@x kim@y.example www-data@y.example "
	    "Joe+x@y.example root@y.example",
	    .fields = "From: root@example.org|To: www-data@y.example (Web)|"
	    "Cc: Joe+x@y.example, ops@example.org|"
	    "Reply-To: <postmaster@y.example>"),
	ROW("root = *@domain does not change senders",
	    .conf = FROM "root = *@y.example\n", .said = "root", .to = { "kim" },
	    .header = "From: kim|To: kim",
	    .envelope = "<from@provider.example> kim@y.example",
	    .fields = "From: from@provider.example|To: kim@y.example"),
	ROW("a name at the domain is not local",
	    .conf = ROOT, .said = "a@x", .to = { "root@example.org" },
	    .envelope = "<a@x> root@example.org"),
	ROW("a local name that cannot be resolved is refused, with the key to "
	    "set",
	    .said = "a@x", .to = { "root" }, .status = EX_NOUSER,
	    .word = "no address for the local name root; set root = "
	    "you@example.org (or domain) in "),
	ROW("the error about a local name names the aliases file",
	    .said = "a@x", .to = { "root" }, .status = EX_NOUSER,
	    .word = "aliases"),
	ROW("an unresolvable local name does not affect the other recipients",
	    .said = "a@x", .to = { "joe", "b@x", "nina@web1" },
	    .envelope = "<a@x> -joe b@x -nina@web1"),
	ROW("an alias loop fails only its own recipients",
	    .aliases = "a: b\nb: a\n", .said = "a@x", .to = { "a", "b@x" },
	    .envelope = "<a@x> -a b@x"),
	ROW("an alias loop is reported if no recipient remains",
	    .aliases = "a: b\nb: a\n", .said = "a@x", .to = { "a" },
	    .status = EX_CONFIG, .word = "alias b: refers to itself"),
	ROW("an invalid aliases file is reported",
	    .aliases = "what?\n", .said = "a@x", .to = { "a" },
	    .status = EX_CONFIG, .word = "aliases:1: expected name: "),
	ROW("an invalid aliases file does not affect other recipients",
	    .aliases = "what?\n", .said = "a@x", .to = { "b@x" },
	    .envelope = "<a@x> b@x"),
	ROW("an aliases file that is set must exist",
	    .conf = "aliases = /nowhere/aliases\n", .said = "a@x",
	    .to = { "a" }, .status = EX_CONFIG,
	    .word = "/nowhere/aliases: No such file"),
	ROW("with aliases = off, only root is used",
	    .conf = ROOT "aliases = off\n", .aliases = "a: c@x\n",
	    .said = "a@x", .to = { "a" },
	    .envelope = "<a@x> admin@example.net"),
	ROW("a local name in a recipient field is replaced with its address",
	    .conf = ROOT, .said = "a@x", .to = { "root" },
	    .header = "From: a@x|To: root|Cc: \"R, t\" <root@localhost> (c),"
	    "\r\n B@X|Reply-To: root@web1",
	    .envelope = "<a@x> admin@example.net",
	    .fields = "From: a@x|To: admin@example.net|"
	    "Cc: \"R, t\" <admin@example.net> (c),\r\n B@X|"
	    "Reply-To: admin@example.net"),
	ROW("a local name with several addresses gets our domain in the field",
	    .aliases = "ops: b@x, c@x\n", .said = "a@x", .to = { "ops" },
	    .header = "From: a@x|To: ops",
	    .envelope = "<a@x> b@x c@x",
	    .fields = "From: a@x|To: ops@example.org"),
	ROW("an unresolvable local name in a recipient field gets our domain",
	    .said = "a@x", .to = { "b@x" },
	    .header = "From: a@x|To: joe, nina@web1.example.org",
	    .fields = "From: a@x|To: joe@example.org, nina@web1.example.org"),
	ROW("local names in Resent- fields are replaced",
	    .conf = ROOT, .said = "a@x", .to = { "b@x" },
	    .header = "Resent-From: a@x|Resent-To: root|Resent-Cc: ROOT|"
	    "From: a@x|To: b@x",
	    .fields = "Resent-From: a@x|Resent-To: admin@example.net|"
	    "Resent-Cc: admin@example.net|From: a@x|To: b@x"),
	ROW("-t accepts local names, also in Bcc",
	    .conf = ROOT, .said = "a@x", .from_header = true,
	    .header = "From: a@x|To: b@x|Bcc: root, c@x",
	    .envelope = "<a@x> b@x admin@example.net c@x",
	    .fields = "From: a@x|To: b@x"),
	ROW("-t without an address is refused",
	    .said = "a@x", .from_header = true, .header = "To: nobody:;",
	    .status = EX_USAGE, .word = "no recipients"),
	ROW("-t with only bad addresses is refused",
	    .said = "a@x", .from_header = true, .header = "Cc: a b c",
	    .status = EX_DATAERR, .word = "field Cc: invalid address "
	    "'a b c': "),
	ROW("each bad address is named, up to a limit",
	    .said = "a@x", .from_header = true,
	    .header = "To: a b|Bcc: c@|Cc: d e, f g, h i, <j",
	    .status = EX_DATAERR, .word = "'<' and '>'; field Bcc: invalid "
	    "address 'c@': missing domain after '@'; field Cc: invalid address "
	    "'d e': a display name without an address in '<' and '>'; field "
	    "Cc: invalid address 'f g': a display name without an address in "
	    "'<' and '>'; and 2 more"),
	ROW("-t: a bad address does not affect the other recipients",
	    .conf = ROOT, .said = "a@x", .from_header = true,
	    .header = "From: a@x|To: John Doe, b@x, root; <c@|Bcc: d@x, e f",
	    .envelope = "<a@x> b@x admin@example.net d@x -\"John Doe\" "
	    "-\"(c@\" -\"e f\"",
	    .fields = "From: a@x|To: John Doe, b@x, admin@example.net, <c@"),
	ROW("-t: a bad address in a Resent- field does not affect the others",
	    .said = "a@x", .from_header = true,
	    .header = "From: a@x|To: z@x|Resent-To: b@x, c d|"
	    "Resent-From: a@x|Resent-Bcc: e f",
	    .envelope = "<a@x> b@x -\"c d\" -\"e f\""),
	ROW("redirect_all does not hide a bad address",
	    .conf = "redirect_all = test@x\n", .said = "a@x",
	    .from_header = true, .header = "To: b@x, c d",
	    .envelope = "<a@x> test@x -\"c d\""),
	ROW("a message with only bad addresses is not sent to always_bcc",
	    .conf = "always_bcc = all@x\n", .said = "a@x",
	    .from_header = true, .header = "To: c d",
	    .status = EX_DATAERR, .word = "field To: invalid address 'c d'"),
	ROW("semicolons are written as commas",
	    .said = "a@x", .from_header = true,
	    .header = "From: a@x|To: b@x; C <c@x>;|Cc: g: d@x;",
	    .envelope = "<a@x> b@x c@x d@x",
	    .fields = "From: a@x|To: b@x, C <c@x>,|Cc: g: d@x;"),

	/* Text that is not the name of an account. */
	ROW("an address in quotes is that address",
	    .conf = ROOT, .said = "a@x", .from_header = true,
	    .header = "From: \"a@x\"|To: \"b@x\"|Bcc: <\"c@x\">",
	    .envelope = "<a@x> b@x c@x",
	    .fields = "From:  a@x |To:  b@x "),
	ROW("an address in quotes is not a local name",
	    .conf = ROOT, .said = "a@x", .to = { "\"b@x\"", "c@x" },
	    .envelope = "<a@x> -\"b@x\" c@x"),
	ROW("an encoded word with a comma is not split into a local name",
	    .conf = ROOT, .said = "a@x", .from_header = true,
	    .header = "From: a@x|To: =?UTF-8?Q?L=C3=A9e, Kim?= <b@x>",
	    .envelope = "<a@x> b@x",
	    .fields = "From: a@x|To: =?UTF-8?Q?L=C3=A9e, Kim?= <b@x>"),
	ROW("a piece of an encoded word is refused, and stays in the field",
	    .conf = ROOT, .said = "a@x", .from_header = true,
	    .header = "From: a@x|To: =?UTF-8?Q?L=C3=A9e, Kim <b@x>",
	    .envelope = "<a@x> -\"=?UTF-8?Q?L=C3=A9e\" b@x",
	    .fields = "From: a@x|To: =?UTF-8?Q?L=C3=A9e, Kim <b@x>"),
	ROW("a fullwidth @ does not make a local name",
	    .conf = ROOT, .said = "a@x", .to = { "kim\uff20x.example" },
	    .status = EX_NOUSER, .word = "'kim\uff20x.example' is neither an "
	    "address nor the name of an account"),
	ROW("text that no account can be named is refused, also at localhost",
	    .conf = ROOT, .said = "a@x",
	    .to = { "\"b c\"@localhost", "d!e", "|f", "g", "/h" },
	    .envelope = "<a@x> -\"b c\"@localhost -d!e -|f "
	    "admin@example.net -/h"),
	ROW("an alias can have a name that no account can have",
	    .conf = ROOT, .aliases = "\"b c\": d@x\n*: e@x\n",
	    .said = "a@x", .to = { "\"b c\"", "\"c b\"", "f" },
	    .envelope = "<a@x> d@x -\"c b\" e@x"),
	ROW("recipient_limit applies after expansion",
	    .conf = "recipient_limit = 2\n", .aliases = "ops: b@x, c@x\n",
	    .said = "a@x", .to = { "ops", "d@x" }, .status = EX_USAGE,
	    .word = "too many recipients: 3 (recipient_limit = 2)"),
	ROW("duplicates do not count for recipient_limit",
	    .conf = "recipient_limit = 2\n", .aliases = "ops: b@x, c@x\n",
	    .said = "a@x", .to = { "ops", "c@x" },
	    .envelope = "<a@x> b@x c@x"),
	ROW("bad addresses count for recipient_limit",
	    .conf = "recipient_limit = 2\n", .said = "a@x",
	    .from_header = true, .header = "To: b@x, c@, d@",
	    .status = EX_USAGE,
	    .word = "too many recipients: 3 (recipient_limit = 2)"),
	ROW("bad addresses count if all addresses are bad",
	    .conf = "recipient_limit = 2\n", .said = "a@x",
	    .from_header = true, .header = "To: b@, c@, d@",
	    .status = EX_USAGE,
	    .word = "too many recipients: 3 (recipient_limit = 2)"),
	ROW("the expansion of nested aliases stops far above the limit",
	    .conf = "recipient_limit = 1\n",
	    .aliases = "o: b@x,c@x,d@x,e@x,f@x,g@x,h@x,i@x,j@x,k@x,l@x\n",
	    .said = "a@x", .to = { "o" }, .status = EX_USAGE,
	    .word = "far more addresses than recipient_limit = 1"),

	ROW("with redirect_all, only that address gets mail",
	    .conf = "redirect_all = test@x\nalways_bcc = all@x\n",
	    .said = "a@x", .to = { "b@x", "root", "c@x" },
	    .envelope = "<a@x> test@x",
	    .fields = "From: a@x|To: b@x|"
	    "X-Original-To: b@x,\r\n root,\r\n c@x"),
	ROW("redirect_all replaces recipients in Bcc",
	    .conf = "redirect_all = test@x\n", .said = "a@x",
	    .from_header = true, .header = "From: a@x|To: b@x|Bcc: c@x",
	    .envelope = "<a@x> test@x",
	    .fields = "From: a@x|To: b@x|X-Original-To: b@x,\r\n c@x"),
	ROW("always_bcc gets a copy without a trace in the header",
	    .conf = "always_bcc = all@x\n", .said = "a@x", .to = { "b@x" },
	    .envelope = "<a@x> b@x all@x", .fields = "From: a@x|To: b@x"),
	ROW("always_bcc adds no second copy for a recipient",
	    .conf = "always_bcc = b@x\n", .said = "a@x", .to = { "b@x" },
	    .envelope = "<a@x> b@x"),
	ROW("always_bcc gets no copy if no other recipient remains",
	    .conf = "always_bcc = all@x\n", .said = "a@x", .to = { "joe" },
	    .status = EX_NOUSER, .word = "local name joe"),
};

#define FIFTY	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5|" \
	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5|" \
	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5|" \
	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5|" \
	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5|" \
	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5|" \
	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5|" \
	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5|" \
	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5|" \
	"Received: 1|Received: 2|received: 3|Received: 4|Received: 5"

static const struct CMUnitTest field_spec[] = {
	ROW("header_add adds, header_set replaces, header_remove removes",
	    .conf = "header_add = X-A: 1\nheader_add = X-A:2\n"
	    "header_set = X-B: 3\nheader_remove = X-C X-D\n",
	    .said = "a@x", .to = { "b@x" },
	    .header = "X-A: 0|x-b: 0|X-B: 1|From: a@x|x-c: 0|To: b@x|X-D: 0|"
	    "X-DD: 0",
	    .fields = "X-A: 0|From: a@x|To: b@x|X-DD: 0|X-B: 3|X-A: 1|X-A: 2"),
	ROW("header_set with the same field twice adds both",
	    .conf = "header_set = X-B: 3\nheader_set = X-B: 4\n",
	    .said = "a@x", .to = { "b@x" }, .header = "X-B: 0|From: a@x|To: b@x",
	    .fields = "From: a@x|To: b@x|X-B: 3|X-B: 4"),
	ROW("recipients are collected before header_remove applies",
	    .conf = "header_remove = To\n", .said = "a@x",
	    .from_header = true, .header = "From: a@x|To: b@x",
	    .envelope = "<a@x> b@x",
	    .fields = "From: a@x|To: undisclosed-recipients:;"),
	ROW("a section's keys replace the global ones",
	    .conf = "header_add = X-A: 1\n[from b@x]\nheader_add = X-A: 2\n",
	    .said = "b@x", .to = { "b@x" },
	    .fields = "From: a@x|To: b@x|X-A: 2"),
	ROW("100 Received fields are allowed (RFC 5321 section 6.3)",
	    .said = "a@x", .to = { "b@x" },
	    .header = FIFTY "|" FIFTY "|From: a@x|To: b@x",
	    .envelope = "<a@x> b@x"),
	ROW("101 Received fields are a mail loop",
	    .said = "a@x", .to = { "b@x" },
	    .header = FIFTY "|Received: 6|" FIFTY "|From: a@x|To: b@x",
	    .status = EX_UNAVAILABLE, .word = "mail loop: the message has "
	    "101 Received fields, more than the limit of 100"),
};

static void
received_names_host_user_and_time_and_comes_first(void **state)
{
	static const char	want[] = "Received: by web1 (relais, from user "
				    "www-data); ";
	const char		*to[5] = { "b@x" };
	struct stage		 s;

	(void)state;
	open_stage(&s, "received = yes\n", NULL);
	assert_true(run(&s, "a@x", to, "Resent-To: b@x|From: a@x", false));
	assert_int_equal(strncmp(s.message.header.field[0].text, want,
	    sizeof(want) - 1), 0);
	assert_non_null(strstr(s.message.header.field[0].text, " 20"));
	assert_ptr_equal(header_find(&s.message.header, "Received", 1), NULL);
	close_stage(&s);
}

static void
notify_and_orcpt_are_copied_to_expanded_recipients(void **state)
{
	struct stage		 s;
	struct prepare_options	 p;
	struct forward_path	*f;

	(void)state;
	open_stage(&s, "always_bcc = all@x\n", "ops: b@x, c@x\n");
	p = (struct prepare_options){ .config = &s.config, .me = &me,
	    .local_names = &s.local_names };
	f = envelope_add(&s.envelope, "ops");
	f->notify = NOTIFY_SUCCESS;
	f->orcpt = memory_copy("rfc822;ops@example.org");
	read_message(&s.message, "From: a@x");
	assert_true(prepare_message(&p, &s.envelope, &s.message, &s.outcomes,
	    &s.why));
	assert_int_equal(s.envelope.n, 3);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(s.envelope.forward[i].notify,
		    NOTIFY_SUCCESS);
		assert_string_equal(s.envelope.forward[i].orcpt,
		    "rfc822;ops@example.org");
	}
	assert_int_equal(s.envelope.forward[2].notify, NOTIFY_NEVER);
	assert_null(s.envelope.forward[2].orcpt);
	close_stage(&s);
}

/* LMTP replies to each recipient. */
static void
each_recipient_has_the_worst_outcome_of_its_expansion(void **state)
{
	const char	*to[5] = { "c@x", "ops", "joe", "b@X", "ops" };
	struct stage	 s;

	(void)state;
	open_stage(&s, "always_bcc = all@x\n", "ops: b@x, c@x\n");
	assert_true(run(&s, "a@x", to, "From: a@x", false));
	assert_envelope(&s, "<a@x> c@x b@x -joe all@x");
	s.outcomes[0].kind = OUTCOME_DELIVERED;
	s.outcomes[1].kind = OUTCOME_DEFERRED;
	s.outcomes[3].kind = OUTCOME_DELIVERED;
	assert_int_equal(s.map.n, 5);
	assert_ptr_equal(expand_map_worst(&s.map, s.outcomes, 0, true),
	    &s.outcomes[0]);
	assert_ptr_equal(expand_map_worst(&s.map, s.outcomes, 1, true),
	    &s.outcomes[1]);
	assert_ptr_equal(expand_map_worst(&s.map, s.outcomes, 2, true),
	    &s.outcomes[2]);
	assert_string_equal(s.outcomes[2].enhanced, "5.1.1");
	assert_ptr_equal(expand_map_worst(&s.map, s.outcomes, 3, true),
	    &s.outcomes[1]);
	assert_ptr_equal(expand_map_worst(&s.map, s.outcomes, 4, true),
	    &s.outcomes[1]);
	/* Without a queue, the caller must try the deferred one again. */
	s.outcomes[0].kind = OUTCOME_FAILED;
	assert_ptr_equal(expand_map_worst(&s.map, s.outcomes, 1, true),
	    &s.outcomes[0]);
	assert_ptr_equal(expand_map_worst(&s.map, s.outcomes, 1, false),
	    &s.outcomes[1]);
	close_stage(&s);
}

struct recipient_row {
	const char	*conf;
	const char	*from;		/* reverse-path */
	const char	*to;
	int		 status;	/* expected */
};

static void
checks_recipient(void **state)
{
	const struct recipient_row	*row = *state;
	struct stage			 s;
	struct prepare_options		 p;
	struct address			 a;

	open_stage(&s, row->conf != NULL ? row->conf : "", "ops: b@x\n");
	p = (struct prepare_options){ .config = &s.config, .me = &me,
	    .local_names = &s.local_names };
	s.why.status = EX_OK;
	assert_true(address_parse_path(&a, row->to, strlen(row->to), &s.why));
	assert_int_equal(prepare_recipient(&p, row->from, &a, &s.why),
	    row->status == EX_OK);
	assert_int_equal(s.why.status, row->status);
	address_free(&a);
	message_begin(&s.message, &(struct message_limits){ .size_max = 0 });
	close_stage(&s);
}

#define CHECK(sentence, ...) { sentence, checks_recipient, NULL, NULL, \
	&(struct recipient_row){ __VA_ARGS__ } }

static const struct CMUnitTest check_spec[] = {
	CHECK("an address on another machine is accepted",
	    .from = "a@x", .to = "c@x"),
	CHECK("a local name with an alias is accepted",
	    .from = "a@x", .to = "ops"),
	CHECK("a local name that cannot be resolved is refused",
	    .from = "a@x", .to = "joe@localhost", .status = EX_NOUSER),
	CHECK("redirect_all accepts every recipient",
	    .conf = "redirect_all = dev@x\n",
	    .from = "a@x", .to = "joe"),
	CHECK("redirect_all of the sender's section accepts every recipient",
	    .conf = "[from a@x]\nredirect_all = dev@x\n",
	    .from = "a@x", .to = "joe"),
	CHECK("redirect_all of another section does not apply",
	    .conf = "[from b@x]\nredirect_all = dev@x\n",
	    .from = "a@x", .to = "joe", .status = EX_NOUSER),
	CHECK("redirect_all of the user's section accepts every recipient",
	    .conf = "[user www-data]\nredirect_all = dev@x\n",
	    .from = "a@x", .to = "joe"),
	CHECK("a bare sender matches the section of its qualified address",
	    .conf = "[from cron@example.org]\nredirect_all = dev@x\n",
	    .from = "cron", .to = "joe"),
	CHECK("redirect_all of a section does not apply to the null sender",
	    .conf = "[from *@example.org]\nredirect_all = dev@x\n",
	    .from = "", .to = "joe", .status = EX_NOUSER),
};

/*
 * With from_mode = always, every sender is the address in from: tested with
 * combinations of senders in the envelope and in the header.
 */
static const char *const	senders[] = { NULL, "root", "evil@foreign.example",
	"\"a b\"@foreign.example", "www-data@localhost" };
static const char *const	values[] = { NULL, " ", " evil@foreign.example",
	" E <evil@foreign.example>, F <f@foreign.example>",
	" root (evil@foreign.example)", " evil@foreign.example evil",
	" G: evil@foreign.example, f@foreign.example;",
	" \"x\"\r\n <@r.example:evil@foreign.example>", " <>",
	" [ =?utf-8?q?<evil@foreign.example>?= <evil@foreign.example>",
	" \"<evil@foreign.example> =?utf-8?q?\\?= <\"a\"@foreign.example", " G:;" };
static const char *const	fields[] = { "From", "Sender", "Resent-From",
	"Resent-Sender", "from ", "FROM" };

enum {
	N_SENDERS = sizeof(senders) / sizeof(*senders),
	N_VALUES = sizeof(values) / sizeof(*values),
	N_FIELDS = sizeof(fields) / sizeof(*fields),
};

/* Every mailbox in every sender field must be the address in from. */
static void
assert_only_from(const struct header *h)
{
	static const char *const	names[] = { "From", "Sender",
		"Resent-From", "Resent-Sender" };

	for (size_t i = 0; i < h->n; i++) {
		for (size_t k = 0; k < 4; k++) {
			struct address_list	list = { 0 };

			if (!field_is(&h->field[i], names[k]))
				continue;
			assert_true(field_addresses(&h->field[i], &list));
			assert_int_equal(list.n, 1);
			assert_string_equal(list.address[0].local, "from");
			assert_string_equal(list.address[0].domain,
			    "provider.example");
			address_list_free(&list);
		}
	}
}

/* Digits in base N_VALUES choose the value of each field. */
static void
try_combination(struct stage *s, const char *said, unsigned code)
{
	const char	*to[5] = { "b@x" };
	struct buffer	 header = { 0 };

	buffer_add_text(&header, "X: y");
	for (size_t i = 0; i < N_FIELDS; i++, code /= N_VALUES)
		if (values[code % N_VALUES] != NULL)
			buffer_addf(&header, "|%s:%s", fields[i],
			    values[code % N_VALUES]);
	if (!run(s, said, to, header.data, false))
		fail_msg("%s: %s", header.data, s->why.text);
	assert_string_equal(s->envelope.reverse_path, said != NULL &&
	    said[0] == '\0' ? "" : "from@provider.example");
	assert_only_from(&s->message.header);
	assert_non_null(header_find(&s->message.header, "From", 0));
	buffer_free(&header);
	outcome_list_free(s->outcomes, s->envelope.n);
	s->outcomes = NULL;
	expand_map_free(&s->map);
	envelope_free(&s->envelope);
	message_free(&s->message);
}

static void
no_combination_gets_a_foreign_sender_past_always(void **state)
{
	struct stage	s;
	unsigned	all = 1;

	(void)state;
	open_stage(&s, ALWAYS, NULL);
	for (size_t i = 0; i < N_FIELDS; i++)
		all *= N_VALUES;
	/* The stride is coprime to their number, so it varies every field. */
	for (unsigned code = 0; code < all; code += 131)
		try_combination(&s, senders[code % N_SENDERS], code);
	/* Each value of each field alone, with each sender. */
	for (size_t k = 0; k < N_SENDERS; k++)
		for (unsigned place = 1; place < all; place *= N_VALUES)
			for (unsigned v = 0; v < N_VALUES; v++)
				try_combination(&s, senders[k], place * v);
	try_combination(&s, "", 0);
	read_message(&s.message, "From: a@x");
	close_stage(&s);
}

static const struct CMUnitTest other_spec[] = {
	cmocka_unit_test(received_names_host_user_and_time_and_comes_first),
	cmocka_unit_test(notify_and_orcpt_are_copied_to_expanded_recipients),
	cmocka_unit_test(each_recipient_has_the_worst_outcome_of_its_expansion),
	cmocka_unit_test(no_combination_gets_a_foreign_sender_past_always),
};

int
main(void)
{
	int	failures = cmocka_run_group_tests(sender_spec, NULL, NULL);

	failures += cmocka_run_group_tests(recipient_spec, NULL, NULL);
	failures += cmocka_run_group_tests(field_spec, NULL, NULL);
	failures += cmocka_run_group_tests(check_spec, NULL, NULL);
	return failures + cmocka_run_group_tests(other_spec, NULL, NULL);
}
