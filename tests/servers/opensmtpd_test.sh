#!/usr/bin/env bash
# OpenSMTPD: neither PIPELINING nor CHUNKING.
set -eu
. tests/servers/lab.sh
lab_enter opensmtpd "$0"
. tests/servers/cases.sh
. tests/servers/opensmtpd.sh
. tests/servers/ahead.sh
opensmtpd_start
mail=$LAB/mail

all_sizes_and_shapes with_only opensmtpd "$mail" \
    'smarthost = smtp://127.0.0.1' 'tls = off'
spec "opensmtpd: the other recipients receive the message if one is refused" \
    with_only 'smarthost = smtp://127.0.0.1' 'tls = off' \
    -- refused_recipient_leaves_the_others opensmtpd "$mail"
spec "opensmtpd: the other recipients receive the message if one is deferred" \
    with_only 'smarthost = smtp://127.0.0.1' 'tls = off' \
    -- deferred_recipient_is_reported opensmtpd "$mail"

# The version of Debian 12 cannot do TLS with OpenSSL 3.
case $(smtpd -h 2>&1) in
*'OpenSMTPD 6.'*)
	for at in submission submissions; do
		spec "opensmtpd: nothing is sent after a failed handshake, $at" \
		    with "smarthost = $at://lab.test" \
		    -- refused 75 'the TLS handshake failed'
	done
	;;
*)
	for mechanism in PLAIN LOGIN; do
		spec "opensmtpd: a password by $mechanism" \
		    with 'smarthost = submission://lab.test' \
		    "auth = $mechanism" \
		    -- message_arrives opensmtpd "$mail" 2048 1
		LAB_SECRET=wrong spec \
		    "opensmtpd: a wrong password by $mechanism is reported" \
		    with 'smarthost = submission://lab.test' \
		    "auth = $mechanism" -- refused 77 535
	done
	spec "opensmtpd: implicit TLS with a password" \
	    with 'smarthost = submissions://lab.test' \
	    -- message_arrives opensmtpd "$mail" 5242880 2
	all_stages_are_checked opensmtpd mail 69
	;;
esac

spec "opensmtpd: queued messages are sent in one session" \
    with_late_replies 25 0 five_messages_take opensmtpd "$mail" '5 22'
spec "opensmtpd: refusals between queued messages" \
    with_late_replies 25 0 refusals_between_messages opensmtpd "$mail" '5 29'

spec_end
