# sendmail.sh - start Sendmail with Cyrus SASL (sourced in a lab)
#
# Port 25 offers STARTTLS but not AUTH, port 587 requires AUTH, and port 465 has
# implicit TLS and requires AUTH.  No port offers CHUNKING.  A transaction may
# have 20 recipients.  Each recipient's copy is a file in $LAB/mail/new that
# begins with Delivered-To.  bad@lab.test is refused permanently, full@lab.test
# temporarily, and the sender stranger@lab.test in the reply to MAIL.

sendmail_start() {
	local d=/etc/mail
	mkdir -m 1777 "$LAB/mail/new" "$LAB/mail/tmp"
	mkdir -p /etc/sasl2 /var/spool/mqueue
	chmod 700 /var/spool/mqueue
	printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\n' \
	    >/etc/sasl2/Sendmail.conf
	printf %s "$LAB_PASSWORD" |
	    saslpasswd2 -p -c -u lab.test "$LAB_USER"
	chmod 600 /etc/sasldb2
	cp "$LAB/ca.pem" "$LAB/cert.pem" "$LAB/key.pem" "$d"
	cat >"$d/list" <<-'END'
	To:bad@lab.test	ERROR:"550 5.1.1 no such user"
	To:full@lab.test	ERROR:"450 4.2.2 mailbox full"
	From:stranger@lab.test	ERROR:"553 5.7.1 not your address"
	END
	makemap hash "$d/refused" <"$d/list"
	cat >"$d/keep" <<-END
	#!/bin/sh
	file=\$(mktemp "$LAB/mail/tmp/XXXXXXXX") &&
	    { echo "Delivered-To: \$1@lab.test"; cat; } >"\$file" &&
	    mv "\$file" "$LAB/mail/new"
	END
	chmod 755 "$d/keep"
	cat >"$d/lab.mc" <<-END
	include(\`/usr/share/sendmail/cf/m4/cf.m4')
	OSTYPE(\`linux')
	define(\`confDOMAIN_NAME', \`lab.test')
	define(\`confPID_FILE', \`/run/sendmail.pid')
	define(\`confTRUSTED_USER', \`smmta')
	define(\`confTO_IDENT', \`0')
	define(\`confQUEUE_LA', \`1000')
	define(\`confREFUSE_LA', \`1000')
	define(\`confMAX_RCPTS_PER_MESSAGE', \`20')
	define(\`confCACERT_PATH', \`$d')
	define(\`confCACERT', \`$d/ca.pem')
	define(\`confSERVER_CERT', \`$d/cert.pem')
	define(\`confSERVER_KEY', \`$d/key.pem')
	define(\`confAUTH_OPTIONS', \`p,y')
	define(\`confAUTH_REALM', \`lab.test')
	define(\`confAUTH_MECHANISMS', \`PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256')
	define(\`LOCAL_MAILER_PATH', \`$d/keep')
	define(\`LOCAL_MAILER_ARGS', \`keep \$u')
	MODIFY_MAILER_FLAGS(\`LOCAL', \`lsDFMnu8')
	FEATURE(\`no_default_msa')
	FEATURE(\`nocanonify')
	FEATURE(\`accept_unresolvable_domains')
	FEATURE(\`access_db', \`hash -T<TMPF> $d/refused')
	FEATURE(\`blocklist_recipients')
	DAEMON_OPTIONS(\`Name=MTA, Addr=127.0.0.1, Port=25, M=A')
	DAEMON_OPTIONS(\`Name=MSA, Addr=127.0.0.1, Port=587, M=Ea')
	DAEMON_OPTIONS(\`Name=TLS, Addr=127.0.0.1, Port=465, M=sa')
	MAILER(\`local')
	END
	m4 "$d/lab.mc" >"$d/lab.cf"
	sendmail -bD -C "$d/lab.cf" -X "$LAB/maillog" >"$d/log" 2>&1 &
	wait_for_port 587 $! "$d/log"
}

sendmail_recipient() {
	sed -n 's/^Delivered-To: //p; /^$/q' "$1"
}
