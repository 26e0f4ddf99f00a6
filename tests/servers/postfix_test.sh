#!/usr/bin/env bash
# Postfix with Cyrus SASL: STARTTLS, implicit TLS, passwords, and the common
# cases by submission with a password.
set -eu
. tests/servers/lab.sh
lab_enter postfix "$0"
. tests/servers/cases.sh
. tests/servers/postfix.sh
. tests/servers/ahead.sh
postfix_also 26 -o smtpd_discard_ehlo_keywords=chunking,size \
    -o message_size_limit=20000
postfix_also 27 -o smtpd_hard_error_limit=2
postfix_also 28 -o smtpd_client_message_rate_limit=2 \
    -o smtpd_client_event_limit_exceptions=
postfix_start
mail=$LAB/mail

all_sizes_and_shapes with postfix "$mail" \
    'smarthost = submission://lab.test' 'auth = PLAIN'

for mechanism in LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 auto; do
	spec "postfix: a password by $mechanism" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- message_arrives postfix "$mail" 2048 1
	LAB_SECRET=wrong spec "postfix: a wrong password by $mechanism is reported" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- refused 77 535
done
spec "postfix: implicit TLS with a password" \
    with 'smarthost = submissions://localhost' \
    -- message_arrives postfix "$mail" 5242880 50
spec "postfix: the certificate may be for an address" \
    with 'smarthost = submissions://127.0.0.1' \
    -- message_arrives postfix "$mail" 2048 1
spec "postfix: STARTTLS without AUTH on port 25" \
    with_only 'smarthost = smtp://lab.test' 'tls = required' \
    -- message_arrives postfix "$mail" 5242880 2
spec "postfix: without TLS on loopback" \
    with_only 'smarthost = smtp://127.0.0.1' 'tls = off' \
    -- message_arrives postfix "$mail" 2048 50
spec "postfix: the other recipients receive the message if one is refused" \
    with 'smarthost = submission://lab.test' \
    -- refused_recipient_leaves_the_others postfix "$mail"
spec "postfix: the other recipients receive the message if one is deferred" \
    with 'smarthost = submission://lab.test' \
    -- deferred_recipient_is_reported postfix "$mail"
spec "postfix: a certificate of an unknown CA is refused" \
    with 'smarthost = submission://lab.test' "tls_ca = $LAB/client.pem" \
    -- refused 78 tls_ca
spec "postfix: a certificate for another name is refused" \
    with 'smarthost = submissions://client.test' \
    -- refused 78 client.test
spec "postfix: a promise that the server does not make is refused" \
    with 'smarthost = submission://lab.test' 'requiretls = yes' \
    -- refused 69 'does not offer REQUIRETLS'
spec "postfix: TLS 1.3 with a chosen group" \
    with 'smarthost = submission://lab.test' 'tls_min = 1.3' \
    'tls_groups = P-384' \
    -- message_arrives postfix "$mail" 2048 1
spec "postfix: the error explains implicit TLS on a port for STARTTLS" \
    with 'smarthost = submissions://lab.test:587' \
    -- refused 76 submission://
spec "postfix: the error explains STARTTLS on a port for implicit TLS" \
    with 'smarthost = submission://lab.test:465' 'timeout = 2s' \
    -- refused 75 'port 465 requires implicit TLS: use submissions://'
spec "postfix: the error says that the server requires a password" \
    with_only 'smarthost = submission://lab.test' \
    -- refused 67 554 password_file
all_stages_are_checked postfix rcpt 67

spec "postfix: one flight for each queued message, with BDAT" \
    with_late_replies 25 4 five_messages_take postfix "$mail" '5 8'
spec "postfix: one flight for each queued message, with DATA" \
    with_late_replies 26 4 five_messages_take postfix "$mail" '5 8'
spec "postfix: queued messages with STARTTLS and a password" \
    with_password_and_queue 'smarthost = submission://lab.test' \
    -- five_messages postfix "$mail"
spec "postfix: refusals between queued messages, with BDAT" \
    with_late_replies 25 4 refusals_between_messages postfix "$mail" '5 10'
spec "postfix: refusals between queued messages, with DATA" \
    with_late_replies 26 4 refusals_between_messages postfix "$mail" '5 10'
spec "postfix: a large message between queued messages is refused" \
    with_late_replies 26 2 a_large_message_between_others postfix "$mail" \
    '552 5.3.4' '3 6'
spec "postfix: the limit of errors closes the connection" \
    with_late_replies 27 1 errors_close_the_connection postfix "$mail" \
    '1 [45]' '2 6'
spec "postfix: a limit of the rate defers the rest of the queue" \
    with_late_replies 28 2 two_messages_are_accepted postfix "$mail" '2 6'

spec_end
