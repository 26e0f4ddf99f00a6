# opensmtpd.sh - start OpenSMTPD (sourced in a lab)
#
# Port 25 offers STARTTLS but not AUTH, port 587 requires STARTTLS and AUTH, and
# port 465 has implicit TLS and requires AUTH.  With the version of Debian 12,
# each TLS handshake fails.  No port offers PIPELINING or CHUNKING.  Each
# recipient's copy is a file in $LAB/mail/new that has Delivered-To.
# bad@lab.test is refused permanently, full@lab.test temporarily, and the sender
# stranger@lab.test in the reply to MAIL.

opensmtpd_start() {
	chown nobody:nogroup "$LAB/mail"
	cat >"$LAB/smtpd.conf" <<-END
	table users { "@" = nobody }
	table passwords { "$LAB_USER" = "$(openssl passwd -6 "$LAB_PASSWORD")" }
	pki lab.test cert "$LAB/cert.pem"
	pki lab.test key "$LAB/key.pem"
	filter stranger phase mail-from match mail-from { stranger@lab.test } reject "553 5.7.1 not your address"
	filter bad phase rcpt-to match rcpt-to { bad@lab.test } reject "550 5.1.1 no such user"
	filter full phase rcpt-to match rcpt-to { full@lab.test } reject "450 4.2.2 mailbox full"
	filter access chain { stranger, bad, full }
	listen on 127.0.0.1 port 25 hostname lab.test tls pki lab.test filter access
	listen on 127.0.0.1 port 587 hostname lab.test tls-require pki lab.test auth <passwords> filter access
	listen on 127.0.0.1 port 465 hostname lab.test smtps pki lab.test auth <passwords> filter access
	action keep maildir "$LAB/mail" virtual <users>
	match from any for any action keep
	END
	smtpd -d -f "$LAB/smtpd.conf" >"$LAB/maillog" 2>&1 &
	wait_for_port 25 $! "$LAB/maillog"
}

opensmtpd_recipient() {
	sed -n 's/^Delivered-To: //p; /^$/q' "$1"
}
