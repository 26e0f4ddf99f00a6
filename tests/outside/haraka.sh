#!/usr/bin/env bash
# Haraka, which writes the replies to a flight one by one: STARTTLS, implicit
# TLS, passwords, and queued messages in one session.  Each recipient's copy is a
# file in $LAB/mail/new that begins with Delivered-To.  bad@lab.test is refused
# permanently, full@lab.test temporarily, and the sender stranger@lab.test in
# the reply to MAIL.
set -eu
. tests/outside/outside.sh
outside_enter "$0"
. tests/servers/ahead.sh
installed=$PWD/build/servers/haraka/node_modules
mail=$LAB/mail

is_installed() {
	[ -d "$installed" ] &&
	    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'
}

is_installed || {
	echo 'skipped: Haraka is not installed: make setup-outside, with npm' \
	    'of Node.js 20 or later'
	echo '[  SKIPPED ] 1 test(s).'
	exit 0
}

haraka_start() {
	local d=$LAB/haraka
	mkdir -p "$d/config" "$d/plugins" "$mail/new" "$mail/tmp"
	cp "$installed/Haraka/config/connection.ini" "$d/config"
	cp "$LAB/cert.pem" "$d/config/tls_cert.pem"
	cp "$LAB/key.pem" "$d/config/tls_key.pem"
	openssl dhparam -dsaparam -out "$d/config/dhparams.pem" 2048 2>/dev/null
	echo lab.test >"$d/config/me"
	printf '%s\n' tls auth/flat_file keep >"$d/config/plugins"
	cat >"$d/config/smtp.ini" <<-END
	listen=127.0.0.1:25,127.0.0.1:587,127.0.0.1:465
	smtps_port=465
	END
	cat >"$d/config/auth_flat_file.ini" <<-END
	[core]
	methods=PLAIN,LOGIN,CRAM-MD5
	[users]
	$LAB_USER=$LAB_PASSWORD
	END
	cat >"$d/plugins/keep.js" <<-'END'
	const fs = require('node:fs')
	exports.hook_mail = (next, connection, [from]) =>
	    from.user === 'stranger' ? next(DENY, 'not your address') : next()
	exports.hook_rcpt = (next, connection, [to]) =>
	    to.user === 'bad' ? next(DENY, 'no such user') :
	    to.user === 'full' ? next(DENYSOFT, 'mailbox full') : next(OK)
	exports.hook_queue = (next, connection) => {
		const t = connection.transaction
		t.message_stream.get_data((data) => {
			const text = data.toString('binary').replace(/\r\n/g, '\n')
			t.rcpt_to.forEach((to, i) => {
				const name = `/${t.uuid}.${i}`
				fs.writeFileSync(process.env.LAB + '/mail/tmp' + name,
				    `Delivered-To: ${to.address()}\n${text}`, 'binary')
				fs.renameSync(process.env.LAB + '/mail/tmp' + name,
				    process.env.LAB + '/mail/new' + name)
			})
			next(OK)
		})
	}
	exports.hook_queue_outbound = exports.hook_queue
	END
	HOME=$LAB "$installed/.bin/haraka" -c "$d" >"$LAB/maillog" 2>&1 &
	wait_for_port 587 $! "$LAB/maillog"
}

haraka_recipient() {
	sed -n 's/^Delivered-To: //p; /^$/q' "$1"
}

haraka_start
all_sizes_and_shapes with haraka "$mail" 'smarthost = submission://lab.test'
for mechanism in PLAIN LOGIN CRAM-MD5; do
	spec "haraka: a password by $mechanism" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- message_arrives haraka "$mail" 2048 1
	LAB_SECRET=wrong spec "haraka: a wrong password by $mechanism is reported" \
	    with 'smarthost = submission://lab.test' "auth = $mechanism" \
	    -- refused 77 535
done
spec "haraka: implicit TLS with a password" \
    with 'smarthost = submissions://localhost' \
    -- message_arrives haraka "$mail" 5242880 2
spec "haraka: STARTTLS without AUTH on port 25" \
    with_only 'smarthost = smtp://lab.test' 'tls = required' \
    -- message_arrives haraka "$mail" 5242880 2
spec "haraka: the other recipients receive the message if one is refused" \
    with 'smarthost = submission://lab.test' \
    -- refused_recipient_leaves_the_others haraka "$mail"
spec "haraka: the other recipients receive the message if one is deferred" \
    with 'smarthost = submission://lab.test' \
    -- deferred_recipient_is_reported haraka "$mail"
spec "haraka: one flight for each queued message" \
    with_late_replies 25 4 five_messages_take haraka "$mail" '5 8'
spec "haraka: queued messages with STARTTLS and a password" \
    with_password_and_queue 'smarthost = submission://lab.test' \
    -- five_messages haraka "$mail"
spec "haraka: refusals between queued messages" \
    with_late_replies 25 4 refusals_between_messages haraka "$mail" '5 10'
spec_end
