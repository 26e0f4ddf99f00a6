#!/usr/bin/env bash
# Dovecot: submission with passwords, access tokens and certificates, relayed
# to Postfix; and LMTP over a Unix socket.
set -eu
. tests/servers/lab.sh
lab_enter postfix "$0"
. tests/servers/cases.sh
. tests/servers/postfix.sh
. tests/servers/dovecot.sh
. tests/servers/ahead.sh
postfix_start --only-25
dovecot_start
mail=$LAB/mail

for mechanism in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 auto; do
	spec "dovecot: a password by $mechanism" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- message_arrives postfix "$mail" 2048 1
	LAB_SECRET=wrong spec "dovecot: a wrong password by $mechanism is reported" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- refused 77 535
done

with_token() {
	local length=$1
	shift
	dovecot_token "$length" >"$LAB/case/token"
	chmod 600 "$LAB/case/token"
	with_only 'smarthost = submission://lab.test' "user = $LAB_USER" \
	    "token_command = /bin/cat $LAB/case/token" "$@"
}
for mechanism in OAUTHBEARER XOAUTH2; do
	for length in 1 2000; do
		spec "dovecot: an access token with $length octets of padding by $mechanism" \
		    with_token "$length" "auth = $mechanism" \
		    -- message_arrives postfix "$mail" 2048 1
	done
	spec "dovecot: an invalid access token by $mechanism is reported" \
	    with_only 'smarthost = submission://lab.test' \
	    "user = $LAB_USER" 'token_command = /bin/echo nonsense' \
	    "auth = $mechanism" -- refused 77 535
done
spec "dovecot: a client certificate by EXTERNAL" \
    with_only 'smarthost = submissions://lab.test' 'auth = EXTERNAL' \
    "tls_certificate = $LAB/client.pem" "tls_key = $LAB/client-key.pem" \
    -- message_arrives postfix "$mail" 2048 1
spec "dovecot: 5 MB with BDAT and implicit TLS" \
    with 'smarthost = submissions://localhost' \
    -- message_arrives postfix "$mail" 5242880 2
spec "dovecot: the other recipients receive the message if one is refused" \
    with 'smarthost = submission://lab.test' \
    -- refused_recipient_leaves_the_others postfix "$mail"

spec "dovecot: queued messages are sent in one session" \
    with_password_and_queue 'smarthost = submission://lab.test' \
    -- five_messages postfix "$mail"

lmtp="smarthost = lmtp://$LAB/lmtp.sock"
spec "dovecot: 2 KB by LMTP arrive unchanged" \
    with_only "$lmtp" -- message_arrives dovecot "$LAB/lmtp" 2048 1
spec "dovecot: 5 MB by LMTP to several arrive unchanged" \
    with_only "$lmtp" -- message_arrives dovecot "$LAB/lmtp" 5242880 3
spec "dovecot: 50 recipients by LMTP receive one copy each" \
    with_only "$lmtp" -- message_arrives dovecot "$LAB/lmtp" 2048 50
spec "dovecot: lines that begin with dots arrive unchanged by LMTP" \
    with_only "$lmtp" -- dots_arrive dovecot "$LAB/lmtp"
spec "dovecot: LMTP delivers to the other recipients if one is refused" \
    with_only "$lmtp" \
    -- refused_recipient_leaves_the_others dovecot "$LAB/lmtp"
spec "dovecot: queued messages by LMTP are sent in one session" \
    with_queue "$lmtp" -- five_messages dovecot "$LAB/lmtp"
all_stages_are_checked dovecot rcpt 67

spec_end
