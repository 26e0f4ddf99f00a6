#include "config/keys.h"

#include <ctype.h>
#include <string.h>
#include <sysexits.h>

#include "util/visible.h"

#define NAMED(text)	.name = text, .len = sizeof(text) - 1

#define YES_NO		.rule = { VALUE_WORD, "yes no", NULL, NULL }

static const struct key keys[CONFIG_KEYS] = {
	[KEY_SMARTHOST] = { NAMED("smarthost"), .place = PLACE_ANY,
	    .rule = { VALUE_SMARTHOST, NULL, NULL, NULL } },
	[KEY_USER] = { NAMED("user"), .place = PLACE_ANY,
	    .rule = { VALUE_TEXT, NULL, NULL, NULL } },
	[KEY_PASSWORD] = { NAMED("password"), .place = PLACE_ANY,
	    .flags = KEY_IS_SECRET,
	    .rule = { VALUE_TEXT, NULL, NULL, NULL } },
	[KEY_PASSWORD_FILE] = { NAMED("password_file"), .place = PLACE_ANY,
	    .rule = { VALUE_PATH, NULL, NULL, NULL } },
	[KEY_PASSWORD_COMMAND] = { NAMED("password_command"),
	    .place = PLACE_ANY,
	    .rule = { VALUE_COMMAND, NULL, NULL, NULL } },
	[KEY_TOKEN] = { NAMED("token"), .place = PLACE_ANY,
	    .rule = { VALUE_LOGIN, NULL, NULL, NULL } },
	[KEY_TOKEN_COMMAND] = { NAMED("token_command"), .place = PLACE_ANY,
	    .rule = { VALUE_COMMAND, NULL, NULL, NULL } },
	[KEY_TOKEN_PROXY] = { NAMED("token_proxy"), .place = PLACE_ANY,
	    .fallback = "off",
	    .rule = { VALUE_WORD, "off environment", NULL, NULL } },
	[KEY_AUTH] = { NAMED("auth"), .place = PLACE_ANY, .fallback = "auto",
	    .rule = { VALUE_MECHANISMS, "auto off", NULL, NULL } },
	[KEY_TLS] = { NAMED("tls"), .place = PLACE_ANY,
	    .rule = { VALUE_WORD, "required opportunistic off", NULL, NULL } },
	[KEY_TLS_CA] = { NAMED("tls_ca"), .place = PLACE_ANY,
	    .rule = { VALUE_PATH, NULL, NULL, NULL } },
	[KEY_TLS_PIN] = { NAMED("tls_pin"), .place = PLACE_ANY,
	    .flags = KEY_ACCUMULATES | KEY_IS_LIST,
	    .rule = { VALUE_PIN, NULL, NULL, NULL } },
	[KEY_TLS_NAME] = { NAMED("tls_name"), .place = PLACE_ANY,
	    .rule = { VALUE_HOST, NULL, NULL, NULL } },
	[KEY_TLS_CERTIFICATE] = { NAMED("tls_certificate"), .place = PLACE_ANY,
	    .rule = { VALUE_PATH, NULL, NULL, NULL } },
	[KEY_TLS_KEY] = { NAMED("tls_key"), .place = PLACE_ANY,
	    .rule = { VALUE_PATH, NULL, NULL, NULL } },
	[KEY_TLS_GROUPS] = { NAMED("tls_groups"), .place = PLACE_ANY,
	    .rule = { VALUE_GROUPS, NULL, NULL, NULL } },
	[KEY_TLS_MIN] = { NAMED("tls_min"), .place = PLACE_ANY,
	    .fallback = "1.2",
	    .rule = { VALUE_WORD, "1.2 1.3", NULL, NULL } },
	[KEY_REQUIRETLS] = { NAMED("requiretls"), .place = PLACE_ANY,
	    .fallback = "no", YES_NO },
	[KEY_HELO] = { NAMED("helo"), .place = PLACE_ANY,
	    .rule = { VALUE_HELO, NULL, NULL, NULL } },
	[KEY_DOMAIN] = { NAMED("domain"),
	    .rule = { VALUE_HOST, NULL, NULL, NULL } },
	[KEY_FROM] = { NAMED("from"), .place = PLACE_SENDER,
	    .rule = { VALUE_ADDRESS, NULL, NULL, NULL } },
	[KEY_FROM_MODE] = { NAMED("from_mode"), .place = PLACE_SENDER,
	    .fallback = "local",
	    .rule = { VALUE_WORD, "local always never", NULL, NULL } },
	[KEY_NULL_SENDER] = { NAMED("null_sender"), .place = PLACE_ANY,
	    .rule = { VALUE_ADDRESS, NULL, NULL, NULL } },
	[KEY_ROOT] = { NAMED("root"),
	    .rule = { VALUE_ROOT, NULL, NULL, NULL } },
	[KEY_ALIASES] = { NAMED("aliases"), .fallback = "/etc/aliases",
	    .rule = { VALUE_PATH, "off", NULL, NULL } },
	[KEY_REDIRECT_ALL] = { NAMED("redirect_all"), .place = PLACE_SENDER,
	    .rule = { VALUE_ADDRESS, NULL, NULL, NULL } },
	[KEY_ALWAYS_BCC] = { NAMED("always_bcc"), .place = PLACE_SENDER,
	    .rule = { VALUE_ADDRESS, NULL, NULL, NULL } },
	[KEY_HEADER_ADD] = { NAMED("header_add"), .place = PLACE_SENDER,
	    .flags = KEY_ACCUMULATES,
	    .rule = { VALUE_FIELD, NULL, NULL, NULL } },
	[KEY_HEADER_SET] = { NAMED("header_set"), .place = PLACE_SENDER,
	    .flags = KEY_ACCUMULATES,
	    .rule = { VALUE_FIELD, NULL, NULL, NULL } },
	[KEY_HEADER_REMOVE] = { NAMED("header_remove"), .place = PLACE_SENDER,
	    .flags = KEY_ACCUMULATES | KEY_IS_LIST,
	    .rule = { VALUE_FIELD_NAME, NULL, NULL, NULL } },
	[KEY_RECEIVED] = { NAMED("received"), .place = PLACE_SENDER,
	    .fallback = "no", YES_NO },
	[KEY_IGNORE_DOTS] = { NAMED("ignore_dots"), .fallback = "no", YES_NO },
	[KEY_MESSAGE_SIZE_LIMIT] = { NAMED("message_size_limit"),
	    .fallback = "0", .rule = { VALUE_SIZE, NULL, "0", "1T" } },
	[KEY_RECIPIENT_LIMIT] = { NAMED("recipient_limit"),
	    .fallback = "10000",
	    .rule = { VALUE_COUNT, NULL, "1", "1000000" } },
	[KEY_QUEUE] = { NAMED("queue"), .fallback = "/var/spool/relais",
	    .rule = { VALUE_PATH, "off", NULL, NULL } },
	[KEY_QUEUE_LIFETIME] = { NAMED("queue_lifetime"), .fallback = "5d",
	    .rule = { VALUE_DURATION, NULL, "1s", "365d" } },
	[KEY_QUEUE_RETRY] = { NAMED("queue_retry"),
	    .fallback = "1m 5m 15m 30m 1h",
	    .rule = { VALUE_DURATIONS, NULL, NULL, NULL } },
	[KEY_QUEUE_SIZE_LIMIT] = { NAMED("queue_size_limit"),
	    .fallback = "1G", .rule = { VALUE_SIZE, NULL, "0", "1T" } },
	[KEY_STORM] = { NAMED("storm"), .place = PLACE_SENDER,
	    .rule = { VALUE_RATE, "off", NULL, NULL } },
	[KEY_ALARM_COMMAND] = { NAMED("alarm_command"),
	    .rule = { VALUE_COMMAND, NULL, NULL, NULL } },
	[KEY_ALARM_AFTER] = { NAMED("alarm_after"), .fallback = "1h",
	    .rule = { VALUE_DURATION, NULL, "1s", "365d" } },
	[KEY_CONNECTIONS] = { NAMED("connections"), .place = PLACE_ANY,
	    .fallback = "4",
	    .rule = { VALUE_COUNT, NULL, "1", "1000" } },
	[KEY_PACE] = { NAMED("pace"), .place = PLACE_ANY,
	    .rule = { VALUE_RATE, "off", NULL, NULL } },
	[KEY_SOCKET] = { NAMED("socket"), .fallback = "/run/relais/submission",
	    .rule = { VALUE_PATH, "off", NULL, NULL } },
	[KEY_CLIENTS] = { NAMED("clients"), .fallback = "100",
	    .rule = { VALUE_COUNT, NULL, "1", "10000" } },
	[KEY_LIMIT] = { NAMED("limit"), .place = PLACE_USER,
	    .rule = { VALUE_RATE, "off", NULL, NULL } },
	[KEY_CONNECT_TIMEOUT] = { NAMED("connect_timeout"),
	    .place = PLACE_ANY, .fallback = "15s",
	    .rule = { VALUE_DURATION, NULL, "100ms", "1h" } },
	[KEY_TIMEOUT] = { NAMED("timeout"), .place = PLACE_ANY,
	    .rule = { VALUE_DURATION, NULL, "100ms", "1d" } },
	[KEY_FAMILY] = { NAMED("family"), .place = PLACE_ANY,
	    .fallback = "any",
	    .rule = { VALUE_WORD, "any ipv4 ipv6", NULL, NULL } },
	[KEY_SOURCE_ADDRESS] = { NAMED("source_address"), .place = PLACE_ANY,
	    .rule = { VALUE_IP, NULL, NULL, NULL } },
	[KEY_CONNECT_COMMAND] = { NAMED("connect_command"),
	    .place = PLACE_ANY,
	    .rule = { VALUE_CONNECT_COMMAND, "off", NULL, NULL } },
	[KEY_PROXY] = { NAMED("proxy"), .place = PLACE_ANY,
	    .rule = { VALUE_PROXY, "off", NULL, NULL } },
	[KEY_PROXY_PASSWORD_FILE] = { NAMED("proxy_password_file"),
	    .place = PLACE_ANY,
	    .rule = { VALUE_PATH, NULL, NULL, NULL } },
	[KEY_EARLY_BDAT] = { NAMED("early_bdat"), .place = PLACE_ANY,
	    .fallback = "no", YES_NO },
	[KEY_INCLUDE] = { NAMED("include"),
	    .rule = { VALUE_PATTERN, NULL, NULL, NULL } },
	[KEY_LOG] = { NAMED("log"),
	    .rule = { VALUE_PATH, "syslog journal stderr json off", NULL,
	    NULL } },
	[KEY_LOG_ADDRESSES] = { NAMED("log_addresses"), .fallback = "full",
	    .rule = { VALUE_WORD, "full domain hash", NULL, NULL } },
};

const struct key *
key_of(enum config_key key)
{
	return &keys[key];
}

bool
key_find(const char *name, size_t len, enum config_key *key)
{
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		if (keys[i].len == len &&
		    memcmp(keys[i].name, name, len) == 0) {
			*key = (enum config_key)i;
			return true;
		}
	}
	return false;
}

enum { NAME_MAX_LEN = 24 };

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Hyphens and capitals, the most frequent mistakes, cost nothing. */
static bool
is_same(char typed, char known)
{
	return tolower((unsigned char)typed) == known ||
	    (typed == '-' && known == '_');
}

/*
 * The edit distance: the number of letters to change, add, remove or swap with
 * their neighbour (optimal string alignment).  row[2] is computed from the two
 * previous rows.
 */
static size_t
edit_distance(const char *typed, size_t len, const struct key *key)
{
	size_t		 row[3][NAME_MAX_LEN + 1] = { { 0 } };
	const char	*known = key->name;

	for (size_t j = 0; j <= key->len; j++)
		row[2][j] = j;
	for (size_t i = 0; i < len; i++) {
		memcpy(row[0], row[1], sizeof(row[0]));
		memcpy(row[1], row[2], sizeof(row[1]));
		row[2][0] = i + 1;
		for (size_t j = 0; j < key->len; j++) {
			size_t	cost = row[1][j] +
				    (is_same(typed[i], known[j]) ? 0 : 1);

			cost = smaller(cost, row[2][j] + 1);
			cost = smaller(cost, row[1][j + 1] + 1);
			if (i > 0 && j > 0 && is_same(typed[i], known[j - 1]) &&
			    is_same(typed[i - 1], known[j]))
				cost = smaller(cost, row[0][j - 1] + 1);
			row[2][j + 1] = cost;
		}
	}
	return row[2][key->len];
}

const char *
key_nearest(const char *name, size_t len)
{
	const char	*nearest = NULL;
	size_t		 best = len < 6 ? 2 : len / 3 + 1;

	if (len < 2 || len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < CONFIG_KEYS; i++) {
		size_t	d = edit_distance(name, len, &keys[i]);

		if (d < best) {
			best = d;
			nearest = keys[i].name;
		}
	}
	return nearest;
}

/*
 * A line of base64, perhaps of a private key, looks like a setting if it ends
 * with "=".  It must not be shown.  No key has a digit in its name.
 */
static bool
may_be_base64(const char *name, size_t len)
{
	bool	letters = true;

	for (size_t i = 0; i < len; i++) {
		unsigned char	c = (unsigned char)name[i];

		if (!isalnum(c) && c != '+' && c != '/')
			return false;
		letters = letters && isalpha(c);
	}
	return !letters;
}

bool
key_unknown(const char *name, size_t len, struct failure *why)
{
	const char	*near = key_nearest(name, len);
	char		 shown[64];

	if (may_be_base64(name, len))
		failed(why, EX_CONFIG, "unknown key before the equals sign");
	else
		failed(why, EX_CONFIG, "unknown key \"%s\"",
		    visible(shown, sizeof(shown), name, len));
	if (near != NULL)
		failure_suffix(why, "; did you mean %s?", near);
	return false;
}
