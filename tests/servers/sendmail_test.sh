#!/usr/bin/env bash
# Sendmail with Cyrus SASL: PIPELINING without CHUNKING, and at most 20
# recipients in a transaction.
set -eu
. tests/servers/lab.sh
lab_enter sendmail "$0"
. tests/servers/cases.sh
. tests/servers/sendmail.sh
. tests/servers/ahead.sh
sendmail_start
mail=$LAB/mail

all_sizes_and_shapes with sendmail "$mail" 'smarthost = submission://lab.test'

for mechanism in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 auto; do
	spec "sendmail: a password by $mechanism" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- message_arrives sendmail "$mail" 2048 1
	LAB_SECRET=wrong spec "sendmail: a wrong password by $mechanism is reported" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- refused 77 535
done
spec "sendmail: implicit TLS with a password" \
    with 'smarthost = submissions://localhost' \
    -- message_arrives sendmail "$mail" 5242880 2
spec "sendmail: STARTTLS without AUTH on port 25" \
    with_only 'smarthost = smtp://lab.test' 'tls = required' \
    -- message_arrives sendmail "$mail" 5242880 2
spec "sendmail: the other recipients receive the message if one is refused" \
    with 'smarthost = submission://lab.test' \
    -- refused_recipient_leaves_the_others sendmail "$mail"
spec "sendmail: the other recipients receive the message if one is deferred" \
    with 'smarthost = submission://lab.test' \
    -- deferred_recipient_is_reported sendmail "$mail"
all_stages_are_checked sendmail mail 69

spec "sendmail: one flight for each queued message" \
    with_late_replies 25 4 five_messages_take sendmail "$mail" '5 8'
spec "sendmail: queued messages with STARTTLS and a password" \
    with_password_and_queue 'smarthost = submission://lab.test' \
    -- five_messages sendmail "$mail"
spec "sendmail: refusals between queued messages" \
    with_late_replies 25 4 refusals_between_messages sendmail "$mail" '5 10'

spec_end
