#!/usr/bin/env bash
# OAuth 2: from relais login to a delivered message.  Dovecot asks the scripted
# authorization server about each access token, and relays to Postfix.
set -eu
. tests/servers/lab.sh
if [ ! -x "$(dirname "$0")/../../relais-token" ]; then
	echo 'skipped: relais-token is not built: its libraries are not installed'
	echo '[  SKIPPED ] 1 test(s).'
	exit 0
fi
lab_enter postfix "$0"
. tests/servers/cases.sh
. tests/servers/postfix.sh
. tests/servers/dovecot.sh

server=https://lab.test:8443
mail=$LAB/mail
tokens=/var/lib/relais/tokens

authorization() {
	printf '%s' "$1" >"$LAB/authorization.new"
	mv "$LAB/authorization.new" "$LAB/authorization.json"
}

asked() {
	grep -cF -e "$1" "$LAB/authorization.log" || :
}

echo 'relais:x:990:990::/var/lib/relais:/usr/sbin/nologin' >>/etc/passwd
echo 'relais:x:990:' >>/etc/group
install -d -o relais -g relais -m 700 /var/lib/relais
authorization '{"user": "user"}'
: >"$LAB/authorization.log"
URL=$server /usr/bin/python3 -B tests/support/authorization.py \
    "$LAB/cert.pem" "$LAB/key.pem" "$LAB/authorization.json" \
    "$LAB/authorization.log" 8443 </dev/null >"$LAB/authorization.out" 2>&1 &
wait_for_port 8443 $! "$LAB/authorization.out"
postfix_start --only-25
dovecot_start "$server/introspect"
cat >"$LAB/provider" <<END
[lab]
name = Laboratory
token = $server/token
device = $server/device
authorize = $server/authorize
scope = mail
client-scope = mail
page = https://lab.test/
END

log_in() {
	relais 0 login work --provider "$LAB/provider" \
	    --client-id relais-test --user "$LAB_USER" "$@"
	cat "$LAB/case/stdout"
}

# The login is tested with Dovecot, the printed lines are added to relais.conf,
# and a message is sent.
logs_in_and_sends() {
	local mechanism=$1
	shift
	rm -rf "$tokens"
	configuration 'smarthost = submission://lab.test' "auth = $mechanism" \
	    "from = $LAB_USER@lab.test"
	log_in "$@"
	grep -q "^auth .* OK .*$mechanism" "$LAB/case/stdout"
	[ "$(stat -c '%U %a' "$tokens/work")" = 'relais 600' ]
	sed -n 's/^    //p' "$LAB/case/stdout" | grep ' = ' \
	    >>"$LAB/case/relais.conf"
	grep -qx 'token = work' "$LAB/case/relais.conf"
	message_arrives postfix "$mail" 2048 1
}

by_device() {
	authorization '{"user": "user", "token": ["pending", null]}'
	logs_in_and_sends "$1"
}

by_client_credentials() {
	authorization '{"user": "user", "secret": "s3cret word"}'
	printf 's3cret word\n' >"$LAB/case/secret"
	chmod 600 "$LAB/case/secret"
	logs_in_and_sends "$1" --client-credentials --client-secret-file \
	    "$LAB/case/secret"
}

by_certificate() {
	authorization "{\"user\": \"user\", \"certificate\": \"$LAB/client.pem\"}"
	install -o relais -m 600 "$LAB/client-key.pem" "$LAB/case/key"
	install -m 644 "$LAB/client.pem" "$LAB/case/client.pem"
	logs_in_and_sends "$1" --client-credentials --key "$LAB/case/key" \
	    --certificate "$LAB/case/client.pem"
}

# Programs such as mutt open the browser of the desktop; here, a script.
by_browser() {
	authorization '{"user": "user"}'
	export DISPLAY=:0 BROWSER=tests/support/browser.py
	export BROWSER_CA=$LAB/ca.pem BROWSER_LOG=$LAB/case/browser
	configuration 'smarthost = submission://lab.test' 'auth = XOAUTH2' \
	    "from = $LAB_USER@lab.test"
	install -d -o nobody -m 700 "$LAB/case/home"
	chmod 644 "$LAB/case/relais.conf"
	: >"$LAB/case/browser"
	chown nobody "$LAB/case/browser"
	HOME=$LAB/case/home setpriv --reuid nobody --regid nogroup \
	    --clear-groups "$BUILD/relais" -C "$LAB/case/relais.conf" login \
	    work --provider "$LAB/provider" --client-id relais-test \
	    --user "$LAB_USER" >"$LAB/case/stdout"
	grep -qx '200 ' "$LAB/case/browser"
	[ "$(stat -c '%U %a' \
	    "$LAB/case/home/.local/state/relais/tokens/work")" = \
	    'nobody 600' ]
}

the_smarthost_refuses_the_account() {
	rm -rf "$tokens"
	authorization '{"user": "someone-else"}'
	configuration 'smarthost = submission://lab.test'
	relais 77 login work --provider "$LAB/provider" \
	    --client-id relais-test --user "$LAB_USER"
	grep -q '^auth .*FAIL' "$LAB/case/stdout"
	stderr_says 'the login is stored, but its test failed'
}

# A caller of the service sees no token, and its mail is sent with it.
the_service_uses_the_login() {
	local service
	by_device XOAUTH2
	sed -i 's,^socket = off,socket = /run/relais/submission,
	    s,^queue = off,queue = /var/lib/relais/queue,' \
	    "$LAB/case/relais.conf"
	install -d -o relais /run/relais
	chown root:relais "$LAB/case/relais.conf"
	chmod 644 "$LAB/case/relais.conf"
	setpriv --reuid relais --regid relais --clear-groups \
	    "$BUILD/relais" -C "$LAB/case/relais.conf" serve \
	    2>"$LAB/case/service" &
	service=$!
	until [ -S /run/relais/submission ]; do
		kill -0 "$service" || { cat "$LAB/case/service"; false; }
		pause
	done
	find "$mail" -path '*/new/*' -delete
	{ head_of r1@lab.test service; octets 100; } >"$LAB/case/message"
	setpriv --reuid nobody --regid nogroup --clear-groups \
	    "$BUILD/tests/relais" -C "$LAB/case/relais.conf" -t \
	    <"$LAB/case/message"
	kill "$service"
	wait "$service" || :
	delivered postfix "$mail" "$LAB/case/message" r1@lab.test
	! setpriv --reuid nobody --regid nogroup --clear-groups \
	    cat "$tokens/work" 2>/dev/null
}

# A login whose token was issued long ago, so that it may be renewed.
old_login() {
	authorization '{"user": "user"}'
	rm -rf "$tokens"
	configuration 'smarthost = submission://lab.test' "auth = $1" \
	    "user = $LAB_USER" 'token = work'
	log_in
	sed -i -E 's/^(renewed = ).*/\11000000000/' "$tokens/work"
}

token_requests() {
	asked '"/token"'
}

is_renewed_after_a_refusal() {
	local before
	old_login "$1"
	before=$(token_requests)
	authorization '{"user": "user", "introspect": [
	    {"merge": {"active": false}}, null]}'
	message_arrives postfix "$mail" 2048 1
	[ "$(token_requests)" -eq $((before + 1)) ]
	[ "$(stat -c '%U %a' "$tokens/work")" = 'relais 600' ]
}

is_refused_twice() {
	local before
	old_login "$1"
	before=$(token_requests)
	authorization '{"user": "user", "introspect": [
	    {"merge": {"active": false}}]}'
	refused 77 535
	stderr_says "$2"
	[ "$(token_requests)" -eq $((before + 1)) ]
}

has_ended() {
	old_login XOAUTH2
	sed -i -E 's/^(expires = ).*/\11000000000/' "$tokens/work"
	authorization '{"user": "user", "token": [{"error": "invalid_grant"}]}'
	refused 78 'invalid_grant; the login has ended; run: relais login work'
}

# The user relais replaces its directory; root must not write elsewhere.
root_does_not_follow_a_link() {
	local status
	old_login XOAUTH2
	mv "$tokens" "$tokens.old"
	ln -s /etc "$tokens"
	chown -h relais "$tokens"
	(umask 077; echo 'token_endpoint = x' >/etc/victim)
	relais 77 token victim
	stderr_says 'relais (uid 990) has no permission to read it'
	status=0
	(log_in) || status=$?
	[ "$status" -ne 0 ] && [ ! -e /etc/work ] && [ ! -e /etc/.work.lock ]
	rm -f "$tokens" /etc/victim
	rm -rf "$tokens.old"
}

for mechanism in XOAUTH2 OAUTHBEARER; do
	spec "oauth: a login with a code, and a message by $mechanism" \
	    by_device "$mechanism"
	spec "oauth: a login with a client secret, and a message by $mechanism" \
	    by_client_credentials "$mechanism"
done
for mechanism in XOAUTH2 OAUTHBEARER; do
	spec "oauth: a token that is refused by $mechanism is renewed, once" \
	    is_renewed_after_a_refusal "$mechanism"
done
spec "oauth: the error of XOAUTH2 is reported" \
    is_refused_twice XOAUTH2 'status\042:\042401\042'
spec "oauth: the error of OAUTHBEARER is reported" \
    is_refused_twice OAUTHBEARER 'status\042:\042invalid_token\042'
spec "oauth: a login that has ended is reported with the remedy" has_ended
spec "oauth: root does not follow a link of the user relais" \
    root_does_not_follow_a_link
spec "oauth: a login with a certificate" by_certificate XOAUTH2
spec "oauth: a login of a user with a browser" by_browser
spec "oauth: an account that the smarthost refuses is reported" \
    the_smarthost_refuses_the_account
spec "oauth: the service uses the login, and its callers cannot read it" \
    the_service_uses_the_login

spec_end
