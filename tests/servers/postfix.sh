# postfix.sh - start Postfix with Cyrus SASL (sourced in a lab)
#
# Port 25 offers STARTTLS but not AUTH, port 587 requires STARTTLS and AUTH, and
# port 465 has implicit TLS and requires AUTH.  With --only-25, only port 25 is
# open.  Each recipient's copy is a file in $LAB/mail/new that begins with
# X-Original-To.  bad@lab.test is refused permanently, full@lab.test
# temporarily; the sender stranger@lab.test is refused in the reply to RCPT.

# postfix_also PORT OPTION...: postfix_start opens this port, too.
postfix_also() {
	local port=$1
	shift
	POSTFIX_ALSO+=("$port/inet=127.0.0.1:$port inet n - n - - smtpd $*")
}

POSTFIX_ALSO=()

postfix_start() {
	local sasl access
	chown nobody:nogroup "$LAB/mail"
	mkdir -p /etc/postfix/sasl /var/log
	cat >/etc/postfix/sasl/smtpd.conf <<-END
	pwcheck_method: auxprop
	auxprop_plugin: sasldb
	mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256
	END
	printf %s "$LAB_PASSWORD" |
	    saslpasswd2 -p -c -u lab.test "$LAB_USER"
	chgrp postfix /etc/sasldb2
	chmod 640 /etc/sasldb2
	access='{bad@lab.test=550 5.1.1 no such user}'
	access="$access, {full@lab.test=450 4.2.2 mailbox full}"
	: >/etc/postfix/main.cf
	postconf -e compatibility_level=3.6 myhostname=lab.test mydestination= \
	    mynetworks=127.0.0.0/8 local_header_rewrite_clients= \
	    inet_interfaces=loopback-only inet_protocols=ipv4 \
	    alias_maps= alias_database= biff=no \
	    maillog_file_prefixes=/ maillog_file="$LAB/maillog" \
	    smtpd_tls_chain_files="$LAB/key.pem,$LAB/cert.pem" \
	    smtpd_tls_security_level=may smtpd_tls_auth_only=yes \
	    smtpd_sasl_local_domain=lab.test \
	    cyrus_sasl_config_path=/etc/postfix/sasl \
	    smtpd_forbid_bare_newline=reject \
	    smtpd_forbid_bare_newline_exclusions= \
	    smtpd_forbid_unauth_pipelining=yes \
	    virtual_mailbox_domains=static:all \
	    virtual_mailbox_base="$LAB" virtual_mailbox_maps=static:mail/ \
	    virtual_uid_maps=static:65534 virtual_gid_maps=static:65534 \
	    virtual_minimum_uid=1 virtual_mailbox_limit=0 \
	    default_destination_concurrency_limit=2 \
	    "smtpd_sender_restrictions=check_sender_access inline:{{stranger@lab.test=553 5.7.1 not your address}}" \
	    "smtpd_recipient_restrictions=check_recipient_access inline:{$access}, permit"
	sasl="-o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject"
	postconf -M "smtp/inet=127.0.0.1:25 inet n - n - - smtpd"
	if [ "${1-}" != --only-25 ]; then
		postconf -M "587/inet=127.0.0.1:587 inet n - n - - smtpd -o smtpd_tls_security_level=encrypt $sasl"
		postconf -M "465/inet=127.0.0.1:465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes $sasl"
	fi
	[ "${#POSTFIX_ALSO[@]}" -eq 0 ] || postconf -M "${POSTFIX_ALSO[@]}"
	postconf -F '*/*/chroot = n'
	postfix start-fg >"$LAB/postfix.log" 2>&1 &
	wait_for_port 25 $! "$LAB/maillog" "$LAB/postfix.log"
}

# Prints the recipient of a delivered file.
postfix_recipient() {
	sed -n 's/^X-Original-To: //p; /^$/q' "$1"
}
