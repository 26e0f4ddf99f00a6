#!/usr/bin/env bash
# Exim with GnuTLS: CHUNKING, PIPECONNECT and synchronization enforced.
set -eu
. tests/servers/lab.sh
lab_enter exim "$0"
. tests/servers/cases.sh
. tests/servers/exim.sh
. tests/servers/ahead.sh
exim_start
exim_also 26 smtp_accept_max_per_connection 2
exim_also 27 message_size_limit 20K
exim_also 28 chunking_advertise_hosts :
mail=$LAB/mail

all_sizes_and_shapes with exim "$mail" 'smarthost = submission://lab.test'

for mechanism in PLAIN LOGIN CRAM-MD5; do
	spec "exim: a password by $mechanism" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- message_arrives exim "$mail" 2048 1
	LAB_SECRET=wrong spec "exim: a wrong password by $mechanism is reported" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- refused 77 535
done
spec "exim: a client certificate by EXTERNAL" \
    with_only 'smarthost = submissions://lab.test' 'auth = EXTERNAL' \
    "tls_certificate = $LAB/client.pem" "tls_key = $LAB/client-key.pem" \
    -- message_arrives exim "$mail" 2048 1
spec "exim: implicit TLS with a password" \
    with 'smarthost = submissions://localhost' \
    -- message_arrives exim "$mail" 5242880 50
spec "exim: the message is sent together with the envelope" \
    with 'smarthost = submission://lab.test' 'early_bdat = yes' \
    -- message_arrives exim "$mail" 2048 3
spec "exim: STARTTLS without AUTH on port 25" \
    with_only 'smarthost = smtp://lab.test' 'tls = required' \
    -- message_arrives exim "$mail" 5242880 2
spec "exim: the other recipients receive the message if one is refused" \
    with 'smarthost = submission://lab.test' \
    -- refused_recipient_leaves_the_others exim "$mail"
spec "exim: the other recipients receive the message if one is deferred" \
    with 'smarthost = submission://lab.test' \
    -- deferred_recipient_is_reported exim "$mail"
all_stages_are_checked exim mail 69

spec "exim: one flight for each queued message, with BDAT" \
    with_late_replies 25 4 five_messages_take exim "$mail" '5 8'
spec "exim: one flight for each queued message, with DATA" \
    with_late_replies 28 4 five_messages_take exim "$mail" '5 8'
spec "exim: queued messages with STARTTLS and a password" \
    with_password_and_queue 'smarthost = submission://lab.test' \
    -- five_messages exim "$mail"
spec "exim: refusals between queued messages, with BDAT" \
    with_late_replies 25 4 refusals_between_messages exim "$mail" '5 10'
spec "exim: refusals between queued messages, with DATA" \
    with_late_replies 28 4 refusals_between_messages exim "$mail" '5 10'
spec "exim: a large message between queued messages is not sent" \
    with_late_replies 27 0 a_large_message_between_others exim "$mail" \
    'the server accepts at most 20480' '2 6'
spec "exim: 421 after two queued messages" \
    with_late_replies 26 1 each_connection_takes_two_messages exim "$mail" \
    '2 [45]' '2 5'

spec_end
