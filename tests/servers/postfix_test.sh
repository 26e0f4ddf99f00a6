#!/usr/bin/env bash
# Postfix with Cyrus SASL: STARTTLS, TLS at once, passwords, and every shape of
# message over the usual way in, submission with a password.
set -eu
. tests/servers/lab.sh
lab_enter postfix "$0"
. tests/servers/cases.sh
. tests/servers/postfix.sh
postfix_start
mail=$LAB/mail

all_sizes_and_shapes postfix "$mail" \
    'smarthost = submission://lab.test' 'auth = PLAIN'

for mechanism in LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 auto; do
	spec "postfix: a password by $mechanism" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- message_arrives postfix "$mail" 2048 1
	LAB_SECRET=wrong spec "postfix: a wrong password by $mechanism is told" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- refused 77 535
done
spec "postfix: TLS at once, with a password" \
    with 'smarthost = submissions://localhost' \
    -- message_arrives postfix "$mail" 5242880 50
spec "postfix: the certificate may name an address" \
    with 'smarthost = submissions://127.0.0.1' \
    -- message_arrives postfix "$mail" 2048 1
spec "postfix: without AUTH on port 25, but with STARTTLS" \
    with_only 'smarthost = smtp://lab.test' 'tls = required' \
    -- message_arrives postfix "$mail" 5242880 2
spec "postfix: in clear on loopback" \
    with_only 'smarthost = smtp://127.0.0.1' 'tls = off' \
    -- message_arrives postfix "$mail" 2048 50
spec "postfix: a refused recipient leaves the others alone" \
    with 'smarthost = submission://lab.test' \
    -- refused_recipient_leaves_the_others postfix "$mail"
spec "postfix: a deferred recipient leaves the others alone" \
    with 'smarthost = submission://lab.test' \
    -- deferred_recipient_is_reported postfix "$mail"
spec "postfix: a certificate that nobody vouches for is refused" \
    with 'smarthost = submission://lab.test' "tls_ca = $LAB/client.pem" \
    -- refused 78 tls_ca
spec "postfix: a certificate for another name is refused" \
    with 'smarthost = submissions://client.test' \
    -- refused 78 client.test
spec "postfix: TLS at once on a port for STARTTLS is explained" \
    with 'smarthost = submissions://lab.test:587' \
    -- refused 76 submission://
spec "postfix: STARTTLS on the port for TLS at once is explained" \
    with 'smarthost = submission://lab.test:465' 'timeout = 2s' \
    -- refused 75 'port 465 requires implicit TLS: use submissions://'
spec "postfix: a server that wants a password says so" \
    with_only 'smarthost = submission://lab.test' \
    -- refused 67 554 password_file
spec_end
