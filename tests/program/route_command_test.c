/*
 * relais route: what it shows, as text and as JSON.
 *
 * In the configuration and in the output, DIR is the temporary directory.  The
 * lines of a case begin at line 4 of relais.conf.
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
#include <unistd.h>

#include "support/cases.h"
#include "support/fixture.h"
#include "support/program.h"

enum { ARGUMENTS_MAX = 8 };

struct route_case {
	const char	*sentence;
	const char	*conf;
	const char	*aliases;
	const char	*arguments[ARGUMENTS_MAX];
	int		 status;
	const char	*want;		/* the whole output */
	const char	*error;		/* part of standard error, or NULL */
};

#define SMARTHOST	"smarthost = smtp.example.org\n"

/* Parts of the output. */
#define FROM_ROOT \
	"  sender     root@example.org (the user at our domain, " \
	"relais.conf:1)\n" \
	"  From       root@example.org (the user at our domain, " \
	"relais.conf:1)\n"
#define QUEUE \
	"  queue      DIR/spool (relais.conf:2)\n" \
	"             no message has been queued yet\n" \
	"\n"
#define BY_SMARTHOST \
	"  smarthost  submission://smtp.example.org:587 " \
	"(relais.conf:4)\n" \
	"  TLS        required (default)\n" \
	"             after STARTTLS; the certificate must be " \
	"valid\n" \
	"  login      none\n"

static const struct route_case cases[] = {
	{ "a plain address goes to the smarthost",
	    SMARTHOST,
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "a proxy is shown before TLS",
	    "smarthost = smtp://localhost\n"
	    "proxy = socks5://me@[::1]\n"
	    "proxy_password_file = /etc/proxy\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  smtp://localhost:25 (relais.conf:4)\n"
	    "  through    socks5://me@[::1] (relais.conf:5)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be valid\n"
	    "  login      none\n",
	    NULL },
	{ "connect_command is shown before TLS",
	    SMARTHOST
	    "connect_command = ssh -W [%h]:%p jump\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  submission://smtp.example.org:587 (relais.conf:4)\n"
	    "  through    ssh -W [%h]:%p jump (relais.conf:5)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be valid\n"
	    "  login      none\n",
	    NULL },
	{ "with root = *@domain, the line is that of root",
	    SMARTHOST
	    "root = *@example.net\n",
	    "",
	    { "--user", "root", "kim@localhost" },
	    0,
	    "kim@localhost\n"
	    "  alias      kim -> kim@example.net (root, "
	    "relais.conf:5)\n"
	    FROM_ROOT
	    QUEUE
	    "  to         kim@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "each step of an alias has its line",
	    SMARTHOST
	    "root = admin@example.net\n",
	    "root: ops, \\kim\n"
	    "\n"
	    "ops: nina@example.com\n",
	    { "--user", "root", "root" },
	    0,
	    "root\n"
	    "  alias      root -> ops (DIR/aliases:1)\n"
	    "  alias      ops -> nina@example.com (DIR/aliases:3)\n"
	    "  alias      root -> kim (DIR/aliases:1)\n"
	    "  alias      kim -> admin@example.net (root, "
	    "relais.conf:5)\n"
	    FROM_ROOT
	    QUEUE
	    "  to         nina@example.com\n"
	    "  to         admin@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "a name without an alias goes to domain",
	    SMARTHOST,
	    "",
	    { "--user", "root", "kim" },
	    0,
	    "kim\n"
	    "  alias      kim -> kim@example.org (domain, "
	    "relais.conf:1)\n"
	    FROM_ROOT
	    QUEUE
	    "  to         kim@example.org\n"
	    BY_SMARTHOST,
	    NULL },
	{ "the steps of a loop are shown",
	    SMARTHOST,
	    "a: b\n"
	    "b: a\n",
	    { "--user", "root", "a", "c@example.net" },
	    EX_CONFIG,
	    "a\n"
	    "  alias      a -> b (DIR/aliases:1)\n"
	    "  alias      b -> a (DIR/aliases:2)\n"
	    "  ERROR      DIR/aliases:2: alias b: refers to itself\n"
	    "\n"
	    "c@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         c@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "a name that is not an account cannot be resolved",
	    SMARTHOST,
	    "ops: \"x y\"\n",
	    { "--user", "root", "ops" },
	    EX_CONFIG,
	    "ops\n"
	    "  alias      ops -> \"x y\" (DIR/aliases:1)\n"
	    "  ERROR      DIR/aliases:1: alias ops: 'x y' is neither "
	    "an address nor the name of an account\n",
	    NULL },
	{ "redirect_all replaces the recipient",
	    SMARTHOST
	    "redirect_all = dev@example.com\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    "  redirect   dev@example.com (relais.conf:5)\n"
	    FROM_ROOT
	    QUEUE
	    "  to         dev@example.com\n"
	    BY_SMARTHOST,
	    NULL },
	{ "always_bcc is a recipient; an unresolvable one is refused",
	    SMARTHOST
	    "always_bcc = x@localhost\n",
	    "x: y\n"
	    "y: x\n",
	    { "--user", "root", "a@example.net" },
	    EX_CONFIG,
	    "a@example.net\n"
	    "  alias      x -> y (DIR/aliases:1)\n"
	    "  alias      y -> x (DIR/aliases:2)\n"
	    "  copy       x@localhost (relais.conf:5)\n"
	    FROM_ROOT
	    "  queue      DIR/spool (relais.conf:2)\n"
	    "             no message has been queued yet\n"
	    "  refused    x@localhost (DIR/aliases:2: alias y: refers "
	    "to itself)\n"
	    "\n"
	    "  to         a@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "from replaces a local sender",
	    SMARTHOST
	    "from = relais@example.com\n",
	    "",
	    { "--user", "root", "-f", "cron", "a@example.net" },
	    0,
	    "a@example.net\n"
	    "  sender     relais@example.com (from, relais.conf:5)\n"
	    "  From       relais@example.com (from, relais.conf:5)\n"
	    QUEUE
	    "  to         a@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "from does not apply to another sender",
	    SMARTHOST
	    "from = relais@example.com\n",
	    "",
	    { "--user", "root", "-f", "nina@example.net", "a@example.net" },
	    0,
	    "a@example.net\n"
	    "  sender     nina@example.net (unchanged by from, "
	    "relais.conf:5, because of from_mode, default)\n"
	    "  From       nina@example.net (unchanged by from, "
	    "relais.conf:5, because of from_mode, default)\n"
	    QUEUE
	    "  to         a@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "from_mode = always replaces every sender",
	    SMARTHOST
	    "[user root]\n"
	    "from = relais@example.com\n"
	    "from_mode = always\n",
	    "",
	    { "--user", "root", "-f", "Nina <nina@example.net>",
	    "a@example.net" },
	    0,
	    "a@example.net\n"
	    "  section    [user root] (relais.conf:5)\n"
	    "  sender     relais@example.com (from, relais.conf:6)\n"
	    "  From       relais@example.com (from, relais.conf:6)\n"
	    QUEUE
	    "  to         a@example.net\n"
	    "  section    [user root] (relais.conf:5)\n"
	    BY_SMARTHOST,
	    NULL },
	{ "from_mode = never adds the domain only",
	    SMARTHOST
	    "from = relais@example.com\n"
	    "from_mode = never\n",
	    "",
	    { "--user", "root", "-f", "cron", "a@example.net" },
	    0,
	    "a@example.net\n"
	    "  sender     cron@example.org (local name at our domain, "
	    "relais.conf:1)\n"
	    "  From       cron@example.org (local name at our domain, "
	    "relais.conf:1)\n"
	    QUEUE
	    "  to         a@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "null_sender replaces the null sender",
	    SMARTHOST
	    "null_sender = bounces@example.com\n",
	    "",
	    { "--user", "root", "-f", "<>", "a@example.net" },
	    0,
	    "a@example.net\n"
	    "  sender     <> (null sender)\n"
	    "  From       MAILER-DAEMON@example.org (local name at our "
	    "domain, relais.conf:1)\n"
	    QUEUE
	    "  to         a@example.net\n"
	    "  sender     bounces@example.com (relais.conf:5)\n"
	    BY_SMARTHOST,
	    NULL },
	{ "recipients are divided by the sections [to]",
	    SMARTHOST
	    "user = nina\n"
	    "password = s3cret\n"
	    "[to *@corp.example]\n"
	    "smarthost = smtp+mx://corp.example, lmtp:///run/x.sock\n"
	    "tls = opportunistic\n"
	    "[from *@example.org]\n"
	    "timeout = 7s\n",
	    "team: a@corp.example, b@example.net, c@corp.example\n",
	    { "--user", "root", "team" },
	    0,
	    "team\n"
	    "  alias      team -> a@corp.example (DIR/aliases:1)\n"
	    "  alias      team -> b@example.net (DIR/aliases:1)\n"
	    "  alias      team -> c@corp.example (DIR/aliases:1)\n"
	    "  section    [from *@example.org] (relais.conf:10)\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@corp.example\n"
	    "  to         c@corp.example\n"
	    "  section    [to *@corp.example] (relais.conf:7)\n"
	    "  section    [from *@example.org] (relais.conf:10)\n"
	    "  smarthost  smtp+mx://corp.example:25 (relais.conf:8)\n"
	    "             the MX records of corp.example name the "
	    "hosts\n"
	    "  TLS        opportunistic (relais.conf:9)\n"
	    "             without verification and login, if the "
	    "server offers it\n"
	    "  login      none\n"
	    "  then       lmtp:///run/x.sock (relais.conf:8)\n"
	    "  TLS        opportunistic (relais.conf:9)\n"
	    "             without verification and login, if the "
	    "server offers it\n"
	    "  login      none\n"
	    "\n"
	    "  to         b@example.net\n"
	    "  section    [from *@example.org] (relais.conf:10)\n"
	    "  smarthost  submission://smtp.example.org:587 "
	    "(relais.conf:4)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be "
	    "valid\n"
	    "  login      nina (relais.conf:5)\n"
	    "  password   password (relais.conf:6)\n",
	    NULL },
	{ "requiretls is shown for the recipients of its section",
	    "smarthost = submission://smtp.example.org\n"
	    "[to *@example.net]\n"
	    "requiretls = yes\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  section    [to *@example.net] (relais.conf:5)\n"
	    "  smarthost  submission://smtp.example.org:587 "
	    "(relais.conf:4)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be "
	    "valid\n"
	    "  REQUIRETLS yes (relais.conf:6)\n"
	    "             only to a verified server that offers "
	    "REQUIRETLS\n"
	    "  login      none\n",
	    NULL },
	{ "the user of a URL and a client certificate are shown",
	    "smarthost = submissions://kim%40x@[::1]:4650 "
	    "submission+srv://example.org\n"
	    "tls_certificate = DIR/cert\n"
	    "tls_key = DIR/key\n"
	    "password_file = DIR/pw\n"
	    "auth = EXTERNAL PLAIN\n"
	    "tls_pin = 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  submissions://[::1]:4650 (relais.conf:4)\n"
	    "  TLS        implicit (relais.conf:4)\n"
	    "             from the first octet; the key must match "
	    "tls_pin\n"
	    "  auth       EXTERNAL PLAIN (relais.conf:8)\n"
	    "  client     DIR/cert (relais.conf:5)\n"
	    "  login      kim@x (relais.conf:4)\n"
	    "  password   password_file = DIR/pw (relais.conf:7)\n"
	    "  then       submission+srv://example.org "
	    "(relais.conf:4)\n"
	    "             the SRV records of example.org name the "
	    "hosts\n"
	    "  TLS        required (relais.conf:9)\n"
	    "             after STARTTLS; the key must match tls_pin\n"
	    "  auth       EXTERNAL PLAIN (relais.conf:8)\n"
	    "  client     DIR/cert (relais.conf:5)\n"
	    "  login      with the client certificate, if the server "
	    "offers EXTERNAL\n",
	    NULL },
	{ "a server on this machine gets clear text",
	    "smarthost = smtp://localhost\n"
	    "user = kim\n"
	    "password_command = /bin/x y\n"
	    "queue = off\n"
	    "socket = DIR/aliases\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    "  service    DIR/aliases (relais.conf:8)\n"
	    "  queue      off (relais.conf:7)\n"
	    "\n"
	    "  to         a@example.net\n"
	    "  smarthost  smtp://localhost:25 (relais.conf:4)\n"
	    "  TLS        off (default)\n"
	    "             everything is sent in clear text\n"
	    "  login      kim (relais.conf:5)\n"
	    "  password   password_command = /bin/x y (relais.conf:6)\n",
	    NULL },
	{ "a user without a password logs in with the certificate",
	    "smarthost = smtp://kim@localhost\n"
	    "tls_certificate = DIR/cert\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  smtp://localhost:25 (relais.conf:4)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be valid\n"
	    "  client     DIR/cert (relais.conf:5)\n"
	    "  login      kim (relais.conf:4)\n"
	    "             with the client certificate, if the server offers "
	    "EXTERNAL\n",
	    NULL },
	{ "auth = PLAIN does not log in with the certificate",
	    "smarthost = smtp://kim@localhost\n"
	    "tls_certificate = DIR/cert\n"
	    "auth = PLAIN\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  smtp://localhost:25 (relais.conf:4)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be valid\n"
	    "  auth       PLAIN (relais.conf:6)\n"
	    "  client     DIR/cert (relais.conf:5)\n"
	    "  login      kim (relais.conf:4)\n"
	    "  password   none: no login without a password or token\n",
	    NULL },
	{ "without a user, auth = PLAIN does not log in, either",
	    "smarthost = smtp://localhost\n"
	    "tls_certificate = DIR/cert\n"
	    "auth = PLAIN\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  smtp://localhost:25 (relais.conf:4)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be valid\n"
	    "  auth       PLAIN (relais.conf:6)\n"
	    "  client     DIR/cert (relais.conf:5)\n"
	    "  login      none\n",
	    NULL },
	{ "auth = off does not log in with the certificate",
	    "smarthost = smtp://localhost\n"
	    "tls_certificate = DIR/cert\n"
	    "auth = off\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  smtp://localhost:25 (relais.conf:4)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be valid\n"
	    "  auth       off (relais.conf:6)\n"
	    "  client     DIR/cert (relais.conf:5)\n"
	    "  login      none\n",
	    NULL },
	{ "a user logs in with the certificate by auth = PLAIN external",
	    "smarthost = smtp://kim@localhost\n"
	    "tls_certificate = DIR/cert\n"
	    "auth = PLAIN external\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  smtp://localhost:25 (relais.conf:4)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be valid\n"
	    "  auth       PLAIN external (relais.conf:6)\n"
	    "  client     DIR/cert (relais.conf:5)\n"
	    "  login      kim (relais.conf:4)\n"
	    "             with the client certificate, if the server offers "
	    "EXTERNAL\n",
	    NULL },
	{ "a queue that cannot be created is shown",
	    SMARTHOST
	    "queue = DIR/missing/spool\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    "  queue      DIR/missing/spool (relais.conf:5)\n"
	    "             it cannot be created: DIR/missing: No such file "
	    "or directory\n"
	    "\n"
	    "  to         a@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "a queue that cannot be opened is shown",
	    SMARTHOST
	    "queue = DIR/aliases\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    "  queue      DIR/aliases (relais.conf:5)\n"
	    "             Not a directory\n"
	    "\n"
	    "  to         a@example.net\n"
	    BY_SMARTHOST,
	    NULL },
	{ "a delivery without a server has no login",
	    "smarthost = discard:\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  discard: (relais.conf:4)\n",
	    NULL },
	{ "the command of a delivery is shown",
	    "smarthost = command:///bin/cat\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  smarthost  command:///bin/cat (relais.conf:4)\n"
	    "  command    /bin/cat (relais.conf:4)\n",
	    NULL },
	{ "a token is not shown as a password",
	    "smarthost = submission://smtp.example.org\n"
	    "user = kim\n"
	    "token = work\n"
	    "queue = off\n"
	    "socket = DIR/aliases\n",
	    "",
	    { "--user", "root", "a@example.net" },
	    0,
	    "a@example.net\n"
	    FROM_ROOT
	    "  service    DIR/aliases (relais.conf:8)\n"
	    "  queue      off (relais.conf:7)\n"
	    "\n"
	    "  to         a@example.net\n"
	    "  smarthost  submission://smtp.example.org:587 (relais.conf:4)\n"
	    "  TLS        required (default)\n"
	    "             after STARTTLS; the certificate must be valid\n"
	    "  login      kim (relais.conf:5)\n"
	    "  token      token = work (relais.conf:6)\n",
	    NULL },
	{ "contradicting settings are an error",
	    "smarthost = submissions://smtp.example.org\n"
	    "[to *@example.net]\n"
	    "tls = off\n",
	    "",
	    { "--user", "root", "a@example.net", "b@example.com" },
	    EX_CONFIG,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  section    [to *@example.net] (relais.conf:5)\n"
	    "  smarthost  submissions://smtp.example.org:465 "
	    "(relais.conf:4)\n"
	    "  ERROR      relais.conf:6: tls = off contradicts "
	    "submissions:// (relais.conf:4), which means implicit TLS; "
	    "use smtp:// to send in clear text\n"
	    "\n"
	    "b@example.com\n"
	    FROM_ROOT
	    QUEUE
	    "  to         b@example.com\n"
	    "  smarthost  submissions://smtp.example.org:465 "
	    "(relais.conf:4)\n"
	    "  TLS        implicit (relais.conf:4)\n"
	    "             from the first octet; the certificate must "
	    "be valid\n"
	    "  login      none\n",
	    NULL },
	{ "a missing smarthost is an error",
	    "",
	    "",
	    { "--user", "root", "a@example.net" },
	    EX_CONFIG,
	    "a@example.net\n"
	    FROM_ROOT
	    QUEUE
	    "  to         a@example.net\n"
	    "  ERROR      no smarthost is configured: run \"relais "
	    "setup\", or set smarthost in relais.conf\n",
	    NULL },
	{ "a name without an address is refused",
	    SMARTHOST
	    "domain = localhost\n",
	    "root: ops\n",
	    { "--user", "root", "root" },
	    EX_NOUSER,
	    "root\n"
	    "  alias      root -> ops (DIR/aliases:1)\n"
	    "  ERROR      no address for the local name ops "
	    "(DIR/aliases:1); set root = you@example.org (or domain) "
	    "in relais.conf, or add an alias to DIR/aliases\n",
	    NULL },
	{ "the JSON of an alias, sections, and several smarthosts",
	    SMARTHOST
	    "user = nina\n"
	    "password = s3cret\n"
	    "from = relais@example.com\n"
	    "[to *@corp.example]\n"
	    "smarthost = smtp+mx://corp.example, lmtp:///run/x.sock\n",
	    "team: a@corp.example, b@example.net\n",
	    { "--user", "root", "--json", "team" },
	    0,
	    "{\"addresses\":[{\"address\":\"team\","
	    "\"aliases\":[{\"name\":\"team\",\"to\":\"a@corp.example\","
	    "\"origin\":\"DIR/aliases:1\"},{\"name\":\"team\","
	    "\"to\":\"b@example.net\",\"origin\":\"DIR/aliases:1\"}],"
	    "\"sections\":[],\"sender\":{\"value\":\"relais@example.com"
	    "\",\"origin\":\"from, relais.conf:7\"},"
	    "\"from\":{\"value\":\"relais@example.com\","
	    "\"origin\":\"from, relais.conf:7\"},"
	    "\"queue\":{\"value\":\"DIR/spool\","
	    "\"origin\":\"relais.conf:2\"},\"refused\":[],"
	    "\"routes\":[{\"to\":[\"a@corp.example\"],"
	    "\"sections\":[{\"value\":\"[to *@corp.example]\","
	    "\"origin\":\"relais.conf:8\"}],"
	    "\"smarthosts\":[{\"smarthost\":{\"value\":\"smtp+mx://corp"
	    ".example:25\",\"origin\":\"relais.conf:9\"},"
	    "\"tls\":{\"value\":\"required\",\"origin\":\"default\"},"
	    "\"login\":null,\"error\":null},"
	    "{\"smarthost\":{\"value\":\"lmtp:///run/x.sock\","
	    "\"origin\":\"relais.conf:9\"},\"tls\":{\"value\":\"off\","
	    "\"origin\":\"default\"},\"login\":null,\"error\":null}],"
	    "\"error\":null},{\"to\":[\"b@example.net\"],"
	    "\"sections\":[],\"smarthosts\":[{\"smarthost\":{\"value\":"
	    "\"submission://smtp.example.org:587\","
	    "\"origin\":\"relais.conf:4\"},"
	    "\"tls\":{\"value\":\"required\",\"origin\":\"default\"},"
	    "\"login\":{\"value\":\"nina\","
	    "\"origin\":\"relais.conf:5\"},"
	    "\"password\":{\"value\":\"password\","
	    "\"origin\":\"relais.conf:6\"},\"error\":null}],"
	    "\"error\":null}],\"status\":0,\"error\":null}]}\n",
	    NULL },
	{ "the JSON of names that cannot be resolved, and of the others",
	    SMARTHOST
	    "always_bcc = x@localhost\n",
	    "x: y\n"
	    "y: x\n",
	    { "--json", "--user", "root", "x", "a@example.net" },
	    EX_CONFIG,
	    "{\"addresses\":[{\"address\":\"x\","
	    "\"aliases\":[{\"name\":\"x\",\"to\":\"y\","
	    "\"origin\":\"DIR/aliases:1\"},{\"name\":\"y\","
	    "\"to\":\"x\",\"origin\":\"DIR/aliases:2\"},"
	    "{\"name\":\"x\",\"to\":\"y\",\"origin\":\"DIR/aliases:1\"}"
	    ",{\"name\":\"y\",\"to\":\"x\","
	    "\"origin\":\"DIR/aliases:2\"}],"
	    "\"always_bcc\":{\"value\":\"x@localhost\","
	    "\"origin\":\"relais.conf:5\"},\"sections\":[],"
	    "\"status\":78,\"error\":\"DIR/aliases:2: alias y: refers "
	    "to itself; DIR/aliases:2: alias y: refers to itself\"},"
	    "{\"address\":\"a@example.net\","
	    "\"aliases\":[{\"name\":\"x\",\"to\":\"y\","
	    "\"origin\":\"DIR/aliases:1\"},{\"name\":\"y\","
	    "\"to\":\"x\",\"origin\":\"DIR/aliases:2\"}],"
	    "\"always_bcc\":{\"value\":\"x@localhost\","
	    "\"origin\":\"relais.conf:5\"},\"sections\":[],"
	    "\"sender\":{\"value\":\"root@example.org\","
	    "\"origin\":\"the user at our domain, relais.conf:1\"},"
	    "\"from\":{\"value\":\"root@example.org\",\"origin\":\"the "
	    "user at our domain, relais.conf:1\"},"
	    "\"queue\":{\"value\":\"DIR/spool\","
	    "\"origin\":\"relais.conf:2\"},"
	    "\"refused\":[{\"value\":\"x@localhost\","
	    "\"origin\":\"DIR/aliases:2: alias y: refers to itself\"}],"
	    "\"routes\":[{\"to\":[\"a@example.net\"],\"sections\":[],"
	    "\"smarthosts\":[{\"smarthost\":{\"value\":\"submission://s"
	    "mtp.example.org:587\",\"origin\":\"relais.conf:4\"},"
	    "\"tls\":{\"value\":\"required\",\"origin\":\"default\"},"
	    "\"login\":null,\"error\":null}],\"error\":null}],"
	    "\"status\":78,\"error\":null}]}\n",
	    NULL },
	{ "an unknown user is refused",
	    SMARTHOST,
	    "",
	    { "--user", "no-such-user", "a@example.net" },
	    EX_NOUSER,
	    "",
	    "--user: there is no user no-such-user" },
	{ "without an address, the usage is printed",
	    SMARTHOST,
	    "",
	    { "--json" },
	    EX_USAGE,
	    "",
	    "usage: relais route [-f SENDER] " },
	{ "an invalid sender is an error",
	    SMARTHOST,
	    "",
	    { "--user", "root", "-f", "a b", "a@example.net" },
	    EX_USAGE,
	    "",
	    "-f: invalid address 'a b'" },
};

/* Replaces each occurrence of a word; the caller frees the result. */
static char *
replaced(const char *text, const char *word, const char *by)
{
	struct buffer	out = { 0 };
	const char	*at;

	while ((at = strstr(text, word)) != NULL) {
		buffer_add(&out, text, (size_t)(at - text));
		buffer_add_text(&out, by);
		text = at + strlen(word);
	}
	buffer_add_text(&out, text);
	return buffer_take(&out);
}

static void
shows(void **state)
{
	const struct route_case	*c = *state;
	const char		*argv[ARGUMENTS_MAX + 5] = { "relais", "-C",
				    "relais.conf", "route" };
	struct temp_dir		 dir;
	struct buffer		 text = { 0 };
	struct program_result	 o;
	char			*conf, *got;

	temp_dir_make(&dir);
	temp_dir_write(&dir, "aliases", 0644, c->aliases);
	buffer_addf(&text, "domain = example.org\nqueue = DIR/spool\n"
	    "aliases = DIR/aliases\n%s", c->conf);
	conf = replaced(text.data, "DIR", dir.path);
	temp_dir_write(&dir, "relais.conf", 0600, conf);
	memcpy(argv + 4, c->arguments, sizeof(c->arguments));
	program_run(&o, &(struct program){ .argv = argv, .dir = dir.path });
	got = replaced(o.out.data, dir.path, "DIR");
	assert_string_equal(got, c->want);
	if (c->error != NULL)
		assert_non_null(strstr(o.err.data, c->error));
	else
		assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, c->status);
	program_result_free(&o);
	buffer_free(&text);
	free(conf);
	free(got);
	temp_dir_remove(&dir);
}

static void
nothing_is_connected_and_no_secret_is_read(void **state)
{
	struct fixture		p;
	struct program_result	o;
	struct buffer		more = { 0 };
	char			mark[100];

	(void)state;
	snprintf(mark, sizeof(mark), "/tmp/relais-route-%ld", (long)getpid());
	buffer_addf(&more, "user = kim\npassword_command = /bin/touch %s\n"
	    "tls = off\nauth = PLAIN\n", mark);
	fixture_open(&p, &(struct script){ .user = "kim", .password = "x",
	    .auth_in_clear = true }, "smtp", more.data);
	relais_run(&o, p.conf, WORDS("route", "a@example.net"), "");
	assert_int_equal(o.status, 0);
	assert_non_null(strstr(o.out.data, "password_command"));
	assert_int_equal(mock_smtp_connections(p.host), 0);
	assert_int_equal(access(mark, F_OK), -1);
	program_result_free(&o);
	fixture_close(&p);
	buffer_free(&more);
}

static const struct CMUnitTest other_cases[] = {
	cmocka_unit_test(nothing_is_connected_and_no_secret_is_read),
};

int
main(void)
{
	return CASES_RUN("route", shows, cases) +
	    cmocka_run_group_tests(other_cases, NULL, NULL);
}
